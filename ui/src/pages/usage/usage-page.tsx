import { useSignal } from '@preact/signals';
import { api, ask } from '../../api/client';
import { linkTo } from '../../app/router';
import { chosenEnvironment, EnvironmentChoice } from '../../parts/environment-choice';
import { Show, useLoaded } from '../../parts/loaded';
import { PageHeading } from '../../parts/page-heading';
import { Time } from '../../parts/time';
import { UsageDialog } from './usage-dialog';

async function loadTotals(environment: string) {
  const params = { path: { environment } };
  const { flags } = await ask(api.GET('/api/v1/environments/{environment}/usage', { params }));
  return flags.sort((a, b) => b.evaluations - a.evaluations);
}

/** How often each flag was asked for in the last 30 days, and what it answered. */
export function UsagePage() {
  const environment = chosenEnvironment.value;
  const charted = useSignal('');
  const loaded = useLoaded(async () => (environment ? loadTotals(environment) : []), [environment]);
  return (
    <>
      <PageHeading title="Usage">
        <EnvironmentChoice />
      </PageHeading>
      <Show loaded={loaded}>
        {(flags) => (
          <div class="wide-table" tabIndex={0} role="region" aria-label="Usage by flag">
            <table>
              <caption class="unseen">Evaluations in {environment} in the last 30 days</caption>
              <thead>
                <tr>
                  <th scope="col">Flag</th>
                  <th scope="col">Evaluations</th>
                  <th scope="col">By variant</th>
                  <th scope="col">Last</th>
                  <th scope="col">
                    <span class="unseen">Over time</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {flags.map(({ flag, evaluations, variants, lastHour }) => (
                  <tr key={flag}>
                    <th scope="row">
                      <a class="key" href={linkTo('flags', flag)}>
                        {flag}
                      </a>
                    </th>
                    <td>{evaluations.toLocaleString()}</td>
                    <td>
                      <VariantBar variants={variants} total={evaluations} />
                    </td>
                    <td>{lastHour ? <Time at={lastHour} short /> : <span class="chip mark">never</span>}</td>
                    <td>
                      <button type="button" aria-label={`Chart of ${flag}`} onClick={() => (charted.value = flag)}>
                        Over time
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Show>
      {charted.value && <UsageDialog environment={environment} flag={charted.value} onClose={() => (charted.value = '')} />}
    </>
  );
}

function VariantBar({ variants, total }: { variants: Record<string, number>; total: number }) {
  if (total === 0) return null;
  const shares = Object.entries(variants);
  const text = shares.map(([variant, count]) => `${variant || 'default'} ${Math.round((count * 100) / total)} %`).join(', ');
  let start = 0;
  return (
    <>
      <svg class="bar" viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">
        {shares.map(([variant, count], index) => {
          const x = (start * 1000) / total;
          start += count;
          return <rect key={variant} x={x} y={6} width={(count * 1000) / total} height={12} class={`tone-${index % 6}`} />;
        })}
      </svg>
      <span class="muted" dir="auto">
        {text}
      </span>
    </>
  );
}
