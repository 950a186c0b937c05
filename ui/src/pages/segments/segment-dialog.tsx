import { useSignal } from '@preact/signals';
import { api, ask, tagOf, type Segment } from '../../api/client';
import { linkTo } from '../../app/router';
import { Dialog } from '../../parts/dialog';
import { Field } from '../../parts/field';
import { useLoaded } from '../../parts/loaded';
import { notify } from '../../parts/notices';
import { askReason, commentOf } from '../../parts/reason-dialog';

interface Props {
  environment: string;
  segment: Segment | null;
  isReadOnly: boolean;
  onClose: (isSaved: boolean) => void;
}

function documentOf(segment: Segment | null): string {
  if (!segment) return JSON.stringify({ name: '', included: [], excluded: [] }, null, 2);
  const { key, environment, version, revision, updatedAt, ...document } = segment;
  void [key, environment, version, revision, updatedAt];
  return JSON.stringify(document, null, 2);
}

/** A segment's document, and who uses it. */
export function SegmentDialog({ environment, segment, isReadOnly, onClose }: Props) {
  const error = useSignal('');
  async function save(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const key = segment?.key ?? String(form.get('key')).trim();
    const header = segment ? tagOf(segment.version) : { 'If-None-Match': '*' as const };
    try {
      const body = JSON.parse(String(form.get('document')));
      const comment = await askReason(`Save ${key}`, [environment]);
      if (comment === undefined) return;
      const params = { path: { environment, segment: key }, header, query: commentOf(comment) };
      await ask(api.PUT('/api/v1/environments/{environment}/segments/{segment}', { params: params as never, body }));
      notify(`${key} is saved in ${environment}`);
      onClose(true);
    } catch (problem) {
      error.value = (problem as Error).message;
    }
  }
  return (
    <Dialog title={segment ? segment.key : 'New segment'} isWide onClose={() => onClose(false)}>
      <form onSubmit={save}>
        {segment ? (
          <UsedBy environment={environment} segment={segment.key} />
        ) : (
          <Field label="Key">
            <input name="key" required spellcheck={false} />
          </Field>
        )}
        <Field label="Document" hint="attribute, included, excluded, when: as docs/evaluation.md has them." error={error.value}>
          <textarea name="document" rows={14} spellcheck={false} readOnly={isReadOnly} defaultValue={documentOf(segment)} />
        </Field>
        <button type="submit" class="primary" disabled={isReadOnly}>
          Save
        </button>
      </form>
    </Dialog>
  );
}

function UsedBy({ environment, segment }: { environment: string; segment: string }) {
  const params = { path: { environment, segment } };
  const { value: use } = useLoaded(
    () => ask(api.GET('/api/v1/environments/{environment}/segments/{segment}/use', { params })),
    [environment, segment],
    ['config', 'segment'],
  );
  if (!use) return null;
  if (use.flags.length + use.segments.length === 0) return <p class="muted">Nothing uses it.</p>;
  return (
    <p class="actions">
      <span class="muted">Used by</span>
      {use.flags.map((flag) => (
        <a key={flag} href={`${linkTo('flags', flag)}?environment=${encodeURIComponent(environment)}`}>
          {flag}
        </a>
      ))}
      {use.segments.map((other) => (
        <span key={other}>segment {other}</span>
      ))}
    </p>
  );
}
