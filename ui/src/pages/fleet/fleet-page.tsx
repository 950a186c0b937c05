import { api, ask, askAll, pageSize } from '../../api/client';
import { chosenEnvironment, EnvironmentChoice } from '../../parts/environment-choice';
import { Show, useLoaded } from '../../parts/loaded';
import { PageHeading } from '../../parts/page-heading';
import { Time } from '../../parts/time';

const loadDaemons = (environment: string) =>
  askAll(async (after) => {
    const params = { path: { environment }, query: { limit: pageSize, after } };
    const page = await ask(api.GET('/api/v1/environments/{environment}/fleet', { params }));
    return { items: page.daemons, next: page.next };
  });

/** Which host runs which revision, and what it refused. */
export function FleetPage() {
  const environment = chosenEnvironment.value;
  const loaded = useLoaded(async () => (environment ? loadDaemons(environment) : []), [environment]);
  return (
    <>
      <PageHeading title="Fleet">
        <EnvironmentChoice />
      </PageHeading>
      <Show loaded={loaded}>
        {(daemons) =>
          daemons.length === 0 ? (
            <p class="muted">No daemon has reported from here in the last 7 days.</p>
          ) : (
            <div class="wide-table" tabIndex={0} role="region" aria-label="Daemons">
              <table>
                <caption class="unseen">Daemons of {environment}</caption>
                <thead>
                  <tr>
                    <th scope="col">Host</th>
                    <th scope="col">Version</th>
                    <th scope="col">Revision</th>
                    <th scope="col">Last heard of</th>
                    <th scope="col">Refused</th>
                  </tr>
                </thead>
                <tbody>
                  {daemons.map((daemon) => (
                    <tr key={daemon.instance}>
                      <th scope="row" dir="auto" title={daemon.instance}>
                        {daemon.host}
                      </th>
                      <td>{daemon.version}</td>
                      <td>
                        {daemon.revision} {!daemon.current && <span class="chip mark">behind</span>}
                      </td>
                      <td>
                        <Time at={daemon.seenAt} short />
                      </td>
                      <td class="error" dir="auto">
                        {[daemon.refused, ...(daemon.quarantined ?? []).map((flag) => `cannot evaluate ${flag}`)].filter(Boolean).join('; ')}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Show>
    </>
  );
}
