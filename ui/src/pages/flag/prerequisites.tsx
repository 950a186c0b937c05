import type { Prerequisite } from '../../model/definition';
import { flags } from '../../model/flag-list';
import { useEditing, variantsOf } from './context';
import { FaultAt, FaultText, useFault } from './fault';

/** Flags that have to be on, off, or serve something, before this one serves anything. */
export function Prerequisites() {
  const { draft, flag } = useEditing();
  const list = draft.document.value.prerequisites ?? [];
  const put = (next: Prerequisite[]) => draft.change({ prerequisites: next.length > 0 ? next : undefined });
  const others = flags.value.flatMap(({ key }) => (key === flag.key ? [] : [key]));
  return (
    <section class="card">
      <h2>Prerequisites</h2>
      {list.map((prerequisite, index) => (
        <Row
          key={index}
          index={index}
          prerequisite={prerequisite}
          others={others}
          onChange={(next) => put(next ? list.with(index, next) : list.filter((_, i) => i !== index))}
        />
      ))}
      <FaultAt place="prerequisites" />
      <button type="button" disabled={others.length === 0} onClick={() => put([...list, { flag: others[0]! }])}>
        + Prerequisite
      </button>
    </section>
  );
}

interface Props {
  index: number;
  prerequisite: Prerequisite;
  others: string[];
  onChange: (prerequisite: Prerequisite | undefined) => void;
}

function Row({ index, prerequisite, others, onChange }: Props) {
  const place = `prerequisites[${index}]`;
  const named = useFault(place, `${place}.flag`);
  const wanted = useFault(`${place}.variants`, `${place}.enabled`);
  const { flag, enabled, variants } = prerequisite;
  const other = flags.value.find(({ key }) => key === flag);
  function choose(value: string) {
    if (value === 'is off') onChange({ flag, enabled: false });
    else if (value === 'is on') onChange({ flag });
    else onChange({ flag, variants: [value.slice('serves '.length)] });
  }
  return (
    <div class="test">
      <select
        aria-label={`Flag of prerequisite ${index + 1}`}
        {...named.field}
        value={flag}
        onChange={(event) => onChange({ flag: event.currentTarget.value })}
      >
        {others.map((key) => (
          <option key={key}>{key}</option>
        ))}
        {!others.includes(flag) && <option value={flag}>{flag} (missing)</option>}
      </select>
      <select
        aria-label={`What prerequisite ${index + 1} has to be`}
        {...wanted.field}
        value={enabled === false ? 'is off' : variants ? `serves ${variants[0]}` : 'is on'}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option>is on</option>
        <option>is off</option>
        {[...new Set([...(other ? variantsOf(other) : []), ...(variants?.slice(0, 1) ?? [])])].map((variant) => (
          <option key={variant}>{`serves ${variant}`}</option>
        ))}
      </select>
      <button type="button" class="quiet" aria-label={`Remove prerequisite ${index + 1}`} onClick={() => onChange(undefined)}>
        ✕
      </button>
      <FaultText of={named} />
      <FaultText of={wanted} />
    </div>
  );
}
