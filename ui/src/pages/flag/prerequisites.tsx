import type { Prerequisite } from '../../model/definition';
import { flags } from '../../model/flag-list';
import { useEditing, variantsOf } from './context';

export function Prerequisites() {
  const { draft, flag } = useEditing();
  const list = draft.document.value.prerequisites ?? [];
  const put = (next: Prerequisite[]) => draft.change({ prerequisites: next.length > 0 ? next : undefined });
  const others = flags.value.filter(({ key }) => key !== flag.key);
  const error = draft.errorAt('prerequisites');

  function row(prerequisite: Prerequisite, index: number) {
    const other = flags.value.find(({ key }) => key === prerequisite.flag);
    const set = (next: Prerequisite) => put(list.with(index, next));
    const isOff = prerequisite.enabled === false;
    const served = isOff ? 'off' : (prerequisite.variants?.[0] ?? 'on');
    return (
      <div class="test" key={index}>
        <select
          aria-label={`Flag of prerequisite ${index + 1}`}
          value={prerequisite.flag}
          onChange={(event) => set({ flag: event.currentTarget.value })}
        >
          {others.map(({ key }) => (
            <option key={key}>{key}</option>
          ))}
        </select>
        <select
          aria-label={`What prerequisite ${index + 1} has to be`}
          value={isOff ? 'is off' : prerequisite.variants ? `serves ${served}` : 'is on'}
          onChange={(event) => {
            const { value } = event.currentTarget;
            if (value === 'is off') set({ flag: prerequisite.flag, enabled: false });
            else if (value === 'is on') set({ flag: prerequisite.flag });
            else set({ flag: prerequisite.flag, variants: [value.slice('serves '.length)] });
          }}
        >
          <option>is on</option>
          <option>is off</option>
          {(other ? variantsOf(other) : []).map((variant) => (
            <option key={variant}>{`serves ${variant}`}</option>
          ))}
        </select>
        <button
          type="button"
          class="quiet"
          aria-label={`Remove prerequisite ${index + 1}`}
          onClick={() => put(list.filter((_, i) => i !== index))}
        >
          ✕
        </button>
      </div>
    );
  }

  return (
    <section class="card">
      <h2>Prerequisites</h2>
      {list.map(row)}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <button type="button" disabled={others.length === 0} onClick={() => put([...list, { flag: others[0]!.key }])}>
        + Prerequisite
      </button>
    </section>
  );
}
