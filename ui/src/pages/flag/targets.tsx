import type { Target, Value } from '../../model/definition';
import { useEditing } from './context';
import { FaultAt, FaultText, useFault } from './fault';
import { ValuesInput } from './values-input';

const isPlain = (target: Target) => (target.attribute ?? 'targetingKey') === 'targetingKey';

/** Single subjects, by variant; targets by other attributes are shown, and changed in the document. */
export function Targets() {
  const { draft, variants } = useEditing();
  const targets = draft.document.value.targets ?? [];

  function put(variant: string, values: Value[]) {
    const rest = targets.filter((target) => !isPlain(target) || target.variant !== variant);
    const next = values.length > 0 ? [...rest, { variant, values }] : rest;
    draft.change({ targets: next.length > 0 ? next : undefined });
  }

  const numbered = targets.map((target, index) => ({ target, place: `targets[${index}]` }));
  const others = numbered.filter(({ target }) => !isPlain(target) || !variants.includes(target.variant));
  return (
    <section class="card">
      <h2>Individual targets</h2>
      <div class="pairs">
        {variants.map((variant) => {
          const own = numbered.filter(({ target }) => isPlain(target) && target.variant === variant);
          return (
            <TargetRow
              key={variant}
              variant={variant}
              values={own.flatMap(({ target }) => target.values ?? [])}
              places={own.map(({ place }) => place)}
              onChange={(values) => put(variant, values)}
            />
          );
        })}
      </div>
      {others.map(({ target, place }) => (
        <p key={place} class="muted">
          <code>{target.attribute ?? 'targetingKey'}</code> one of {JSON.stringify(target.values)} gets <code>{target.variant}</code>
          <FaultAt place={place} />
        </p>
      ))}
      <FaultAt place="targets" />
    </section>
  );
}

interface Props {
  variant: string;
  values: Value[];
  places: string[];
  onChange: (values: Value[]) => void;
}

function TargetRow({ variant, values, places, onChange }: Props) {
  const fault = useFault(...places);
  return (
    <label>
      <code dir="auto">{variant}</code>
      <ValuesInput
        label={`Targeting keys that get ${variant}`}
        fault={fault}
        placeholder="targeting keys, separated by commas"
        values={values}
        onChange={onChange}
      />
      <FaultText of={fault} />
    </label>
  );
}
