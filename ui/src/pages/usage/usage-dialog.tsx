import { useSignal } from '@preact/signals';
import { api, ask } from '../../api/client';
import { beginOf, columnsOf, reasonsOf, spans, type Column } from '../../model/usage';
import { Dialog } from '../../parts/dialog';
import { Show, useLoaded } from '../../parts/loaded';
import { Time } from '../../parts/time';

interface Props {
  environment: string;
  flag: string;
  onClose: () => void;
}

/** How often one flag was asked for over time, by variant. */
export function UsageDialog({ environment, flag, onClose }: Props) {
  const chosen = useSignal(1);
  const span = spans[chosen.value]!;
  const loaded = useLoaded(async () => {
    const params = { path: { environment, flag }, query: { since: new Date(beginOf(span)).toISOString() } };
    return (await ask(api.GET('/api/v1/environments/{environment}/flags/{flag}/usage', { params }))).hours;
  }, [environment, flag, chosen.value]);
  return (
    <Dialog title={`Usage of ${flag}`} isWide onClose={onClose}>
      <label class="inline">
        The last
        <select value={chosen.value} onChange={(event) => (chosen.value = Number(event.currentTarget.value))}>
          {spans.map(({ name }, index) => (
            <option key={name} value={index}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Show loaded={loaded}>
        {(hours) => (
          <>
            <Chart columns={columnsOf(span, hours)} variants={[...new Set(hours.map(({ variant }) => variant))].sort()} />
            <Reasons counts={reasonsOf(hours)} />
          </>
        )}
      </Show>
    </Dialog>
  );
}

const nameOf = (variant: string) => variant || 'the caller’s default';

/** Why it was answered so, the most frequent first. */
function Reasons({ counts }: { counts: [string, number][] }) {
  if (counts.length === 0) return null;
  const text = counts.map(([reason, evaluations]) => `${reason || 'not reported'} ${evaluations.toLocaleString()}`).join(', ');
  return <p class="muted">Reasons: {text}</p>;
}

function Chart({ columns, variants }: { columns: Column[]; variants: string[] }) {
  const most = Math.max(1, ...columns.map(({ total }) => total));
  const total = columns.reduce((sum, column) => sum + column.total, 0);
  const width = 1000 / columns.length;
  const label = `${total.toLocaleString()} evaluations; at most ${most.toLocaleString()} in one column of ${columns.length}`;
  return (
    <figure class="usage-chart">
      <svg viewBox="0 0 1000 160" preserveAspectRatio="none" role="img" aria-label={label}>
        {columns.map(({ counts }, index) => {
          let top = 160;
          return variants.map((variant, tone) => {
            const height = ((counts.get(variant) ?? 0) * 156) / most;
            top -= height;
            return <rect key={`${index} ${variant}`} x={index * width + 1} y={top} width={width - 2} height={height} class={`tone-${tone % 6}`} />;
          });
        })}
      </svg>
      <figcaption class="entry-head">
        {variants.map((variant, tone) => (
          <span key={variant} dir="auto">
            <span class={`dot tone-${tone % 6}`} aria-hidden="true" /> {nameOf(variant)}
          </span>
        ))}
        <span class="muted">
          {total.toLocaleString()} since <Time at={new Date(columns[0]!.begin).toISOString()} />
        </span>
      </figcaption>
      <details>
        <summary>As a table</summary>
        <Numbers columns={columns} variants={variants} />
      </details>
    </figure>
  );
}

function Numbers({ columns, variants }: { columns: Column[]; variants: string[] }) {
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label="Evaluations by time">
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            {variants.map((variant) => (
              <th scope="col" key={variant} dir="auto">
                {nameOf(variant)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {columns
            .filter((column) => column.total > 0)
            .map(({ begin, counts }) => (
              <tr key={begin}>
                <th scope="row">
                  <Time at={new Date(begin).toISOString()} />
                </th>
                {variants.map((variant) => (
                  <td key={variant}>{(counts.get(variant) ?? 0).toLocaleString()}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
