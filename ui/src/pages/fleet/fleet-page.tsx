import { useEffect } from 'preact/hooks';
import { api, ask, askAll, pageSize, type Daemon } from '../../api/client';
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

const lookMillis = 10_000;

/** Whether a change has arrived, at a glance. */
function Summary({ daemons }: { daemons: Daemon[] }) {
  const current = daemons.filter((daemon) => daemon.current).length;
  const refusing = daemons.filter(({ refused, quarantined }) => refused || quarantined?.length).length;
  return (
    <p>
      {current} of {daemons.length} {daemons.length === 1 ? 'daemon has' : 'daemons have'} the newest revision
      {refusing > 0 && <span class="error">, {refusing} cannot use all of it</span>}.
    </p>
  );
}

/** Which host runs which revision, and what it refused. */
export function FleetPage() {
  const environment = chosenEnvironment.value;
  const loaded = useLoaded(async () => (environment ? loadDaemons(environment) : []), [environment], ['config', 'flag', 'segment']);
  // What daemons report is no change of anybody's, so nobody tells of it.
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && void loaded.again(), lookMillis);
    return () => clearInterval(timer);
  }, [environment]);
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
            <>
              <Summary daemons={daemons} />
              <Daemons environment={environment} daemons={daemons} />
            </>
          )
        }
      </Show>
    </>
  );
}

function Daemons({ environment, daemons }: { environment: string; daemons: Daemon[] }) {
  return (
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
  );
}
