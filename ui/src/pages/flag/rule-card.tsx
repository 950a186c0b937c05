import type { Rule } from '../../model/definition';
import { WhenEditor } from './condition';
import { useEditing } from './context';
import { FaultAt, FaultText, useFault } from './fault';
import { ServeEditor } from './serve';

interface Props {
  rule: Rule;
  index: number;
  count: number;
  onChange: (rule: Rule | undefined) => void;
  onMove: (by: number) => void;
  onDrag: () => void;
}

export function RuleCard({ rule, index, count, onChange, onMove, onDrag }: Props) {
  const { draft } = useEditing();
  const name = `rule ${index + 1}`;
  const place = `rules[${index}]`;
  const isWrong = draft.faults.isWithin(place);
  const naming = useFault(`${place}.name`);
  const put = (changes: Partial<Rule>) => {
    const next = { ...rule, ...changes };
    if (!next.name) delete next.name;
    if (next.when === undefined) delete next.when;
    if (next.enabled !== false) delete next.enabled;
    onChange(next);
  };
  return (
    <div class={`rule ${rule.enabled === false ? 'disabled' : ''} ${isWrong ? 'wrong' : ''}`}>
      <div class="rule-head">
        <span class="handle" draggable onDragStart={onDrag} title="Drag to move" aria-hidden="true">
          ⠿
        </span>
        <span class="number">{index + 1}</span>
        <input
          class="rule-name"
          aria-label={`Name of ${name}`}
          placeholder={rule.id || 'Name'}
          dir="auto"
          {...naming.field}
          value={rule.name ?? ''}
          onInput={(event) => put({ name: event.currentTarget.value })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={rule.enabled !== false}
            aria-label={`${name} counts`}
            onChange={(event) => put({ enabled: event.currentTarget.checked })}
          />
          counts
        </label>
        <button type="button" class="quiet" disabled={index === 0} aria-label={`Move ${name} up`} onClick={() => onMove(-1)}>
          ↑
        </button>
        <button type="button" class="quiet" disabled={index === count - 1} aria-label={`Move ${name} down`} onClick={() => onMove(1)}>
          ↓
        </button>
        <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => onChange(undefined)}>
          ✕
        </button>
      </div>
      <FaultText of={naming} />
      <WhenEditor place={`${place}.when`} when={rule.when} onChange={(when) => put({ when })} />
      <ServeEditor place={name} path={`${place}.serve`} serve={rule.serve} onChange={(serve) => put({ serve: serve ?? { codeDefault: true } })} />
      <FaultAt place={place} />
    </div>
  );
}
