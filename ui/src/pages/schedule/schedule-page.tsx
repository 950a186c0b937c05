import { api, ask, askAll, pageSize, type Schedule } from '../../api/client';
import { linkTo } from '../../app/router';
import { mayEdit } from '../../app/session';
import { chosenEnvironment, EnvironmentChoice } from '../../parts/environment-choice';
import { Show, useLoaded } from '../../parts/loaded';
import { notify, tellProblem } from '../../parts/notices';
import { PageHeading } from '../../parts/page-heading';
import { askReason, commentOf } from '../../parts/reason-dialog';
import { Time } from '../../parts/time';
import { NewSchedule } from './new-schedule';

const loadSchedules = (environment: string) =>
  askAll(async (after) => {
    const params = { path: { environment }, query: { limit: pageSize, after } };
    const page = await ask(api.GET('/api/v1/environments/{environment}/schedules', { params }));
    return { items: page.schedules, next: page.next };
  });

/** Changes that wait for their instant, the next one first, and those that have had theirs. */
export function SchedulePage() {
  const environment = chosenEnvironment.value;
  const loaded = useLoaded(async () => (environment ? loadSchedules(environment) : []), [environment], ['schedule', 'config']);
  async function cancel(schedule: Schedule) {
    const comment = await askReason(`Cancel the change of ${schedule.flag}`, [environment]);
    if (comment === undefined) return;
    try {
      const params = { path: { environment, id: String(schedule.id) }, query: commentOf(comment) };
      await ask(api.DELETE('/api/v1/environments/{environment}/schedules/{id}', { params }));
      notify(`The change of ${schedule.flag} is cancelled`);
    } catch (problem) {
      tellProblem('Not cancelled', problem);
    }
    await loaded.again();
  }
  return (
    <>
      <PageHeading title="Schedule">
        <EnvironmentChoice />
      </PageHeading>
      <Show loaded={loaded}>
        {(schedules) => {
          const pending = schedules.filter(({ state }) => state === 'pending').sort((a, b) => a.at.localeCompare(b.at));
          const past = schedules.filter(({ state }) => state !== 'pending').sort((a, b) => b.at.localeCompare(a.at));
          return (
            <>
              <Schedules title="To come" schedules={pending} onCancel={mayEdit(environment) ? cancel : undefined} />
              {past.length > 0 && <Schedules title="Past" schedules={past} />}
            </>
          );
        }}
      </Show>
      {mayEdit(environment) && <NewSchedule environment={environment} onMade={loaded.again} />}
    </>
  );
}

interface Props {
  title: string;
  schedules: Schedule[];
  onCancel?: (schedule: Schedule) => void;
}

function Schedules({ title, schedules, onCancel }: Props) {
  return (
    <section>
      <h2>{title}</h2>
      <ul class="history" aria-label={title}>
        {schedules.map((schedule) => (
          <li key={schedule.id} class="card">
            <div class="entry-head">
              <a href={`${linkTo('flags', schedule.flag)}?environment=${encodeURIComponent(schedule.environment)}`}>{schedule.flag}</a>
              <span class="muted">by {schedule.actor}</span>
              {schedule.state !== 'pending' && <span class={`chip ${schedule.state === 'failed' ? 'error' : 'mark'}`}>{schedule.state}</span>}
              <Time at={schedule.at} />
              {onCancel && (
                <button type="button" aria-label={`Cancel the change of ${schedule.flag}`} onClick={() => onCancel(schedule)}>
                  Cancel
                </button>
              )}
            </div>
            <details>
              <summary>{wordsOf(schedule)}</summary>
              <pre tabIndex={0} aria-label="Change">
                {JSON.stringify(schedule.change, null, 2)}
              </pre>
            </details>
            {schedule.outcome && (
              <p class={schedule.state === 'failed' ? 'error' : 'muted'} dir="auto">
                {schedule.outcome}
              </p>
            )}
          </li>
        ))}
        {schedules.length === 0 && <li class="muted">Nothing waits.</li>}
      </ul>
    </section>
  );
}

/** The kinds of its instructions; a merge patch is told by its members. */
function wordsOf({ change }: Schedule): string {
  const { instructions, comment, ...members } = change as { instructions?: { kind: string }[]; comment?: string };
  const words = instructions?.map(({ kind }) => kind) ?? Object.keys(members);
  return words.join(', ') + (comment ? ` (“${comment}”)` : '');
}
