import type { Target, Value } from '../../model/definition';
import { useEditing } from './context';
import { ValuesInput } from './values-input';

const isPlain = (target: Target) => (target.attribute ?? 'targetingKey') === 'targetingKey';

/** Single subjects, by variant; targets by other attributes are shown, and changed in the document. */
export function Targets() {
  const { draft, variants } = useEditing();
  const targets = draft.document.value.targets ?? [];
  const others = targets.filter((target) => !isPlain(target));

  function put(variant: string, values: Value[]) {
    const rest = targets.filter((target) => !isPlain(target) || target.variant !== variant);
    const next = values.length > 0 ? [...rest, { variant, values }] : rest;
    draft.change({ targets: next.length > 0 ? next : undefined });
  }

  return (
    <section class="card">
      <h2>Individual targets</h2>
      <div class="pairs">
        {variants.map((variant) => (
          <label key={variant}>
            <code dir="auto">{variant}</code>
            <ValuesInput
              label={`Targeting keys that get ${variant}`}
              placeholder="targeting keys, separated by commas"
              values={targets.filter((it) => isPlain(it) && it.variant === variant).flatMap(({ values }) => values ?? [])}
              onChange={(values) => put(variant, values)}
            />
          </label>
        ))}
      </div>
      {others.map((target, index) => (
        <p key={index} class="muted">
          <code>{target.attribute}</code> one of {JSON.stringify(target.values)} gets <code>{target.variant}</code>
        </p>
      ))}
      {draft.errorAt('targets') && (
        <p class="error" role="alert">
          {draft.errorAt('targets')}
        </p>
      )}
    </section>
  );
}
