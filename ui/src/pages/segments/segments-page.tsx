import { useSignal } from '@preact/signals';
import { api, ask, askAll, pageSize, type Segment } from '../../api/client';
import { mayEdit } from '../../app/session';
import { chosenEnvironment, EnvironmentChoice } from '../../parts/environment-choice';
import { Show, useLoaded } from '../../parts/loaded';
import { PageHeading } from '../../parts/page-heading';
import { SegmentDialog } from './segment-dialog';

const loadSegments = (environment: string) =>
  askAll(async (after) => {
    const params = { path: { environment }, query: { limit: pageSize, after } };
    const page = await ask(api.GET('/api/v1/environments/{environment}/segments', { params }));
    return { items: page.segments, next: page.next };
  });

/** Who belongs together, for rules to name. */
export function SegmentsPage() {
  const environment = chosenEnvironment.value;
  const edited = useSignal<Segment | 'new' | null>(null);
  const loaded = useLoaded(async () => (environment ? loadSegments(environment) : []), [environment], ['segment', 'epoch']);
  async function close(isSaved: boolean) {
    edited.value = null;
    if (isSaved) await loaded.again();
  }
  return (
    <>
      <PageHeading title="Segments">
        <EnvironmentChoice />
        {mayEdit(environment) && (
          <button type="button" class="primary" onClick={() => (edited.value = 'new')}>
            New segment
          </button>
        )}
      </PageHeading>
      <Show loaded={loaded}>
        {(segments) => (
          <ul class="history" aria-label="Segments">
            {segments.map((segment) => (
              <li key={segment.key} class="card entry-head">
                <code>{segment.key}</code>
                <span dir="auto">{segment.name ?? segment.description}</span>
                <span class="muted">
                  {segment.included?.length ?? 0} included, {segment.excluded?.length ?? 0} excluded
                  {segment.when && ', and a condition'}
                </span>
                <button type="button" aria-label={`Open ${segment.key}`} onClick={() => (edited.value = segment)}>
                  Open
                </button>
              </li>
            ))}
            {segments.length === 0 && <li class="muted">There is none yet.</li>}
          </ul>
        )}
      </Show>
      {edited.value && (
        <SegmentDialog
          environment={environment}
          segment={edited.value === 'new' ? null : edited.value}
          isReadOnly={!mayEdit(environment)}
          onClose={close}
        />
      )}
    </>
  );
}
