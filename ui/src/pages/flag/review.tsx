import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, ask, Problem } from '../../api/client';
import { documentOf } from '../../model/definition';
import { difference } from '../../model/difference';
import { isProtected, putConfig } from '../../model/flag-list';
import { Dialog } from '../../parts/dialog';
import { Difference } from '../../parts/difference';
import { Field } from '../../parts/field';
import { Lock } from '../../parts/lock';
import { notify } from '../../parts/notices';
import { TypedWord } from '../../parts/typed-word';
import { useEditing } from './context';

const dayMillis = 86_400_000;

/** How often the flag was asked for in the last day; null while it is not known. */
async function recentEvaluations(environment: string, flag: string): Promise<number> {
  const since = new Date(Date.now() - dayMillis).toISOString();
  const params = { path: { environment, flag }, query: { since } };
  const { hours } = await ask(api.GET('/api/v1/environments/{environment}/flags/{flag}/usage', { params }));
  return hours.reduce((sum, { evaluations }) => sum + evaluations, 0);
}

/** The last look before a change is made. */
export function Review({ onClose }: { onClose: () => void }) {
  const { draft } = useEditing();
  const { environment, flag } = draft.base.value;
  const evaluations = useSignal<number | null>(null);
  const error = useSignal('');
  const isBusy = useSignal(false);
  const isTyped = useSignal(false);
  const isGuarded = isProtected(environment);
  useEffect(() => void recentEvaluations(environment, flag).then((count) => (evaluations.value = count), () => {}), []);

  async function save(event: SubmitEvent) {
    event.preventDefault();
    const comment = String(new FormData(event.target as HTMLFormElement).get('comment')).trim();
    isBusy.value = true;
    try {
      const saved = await draft.save(comment);
      putConfig(saved);
      notify(`${flag} is saved in ${environment}`);
      for (const warning of saved.warnings ?? []) notify(`${warning.host}: ${warning.detail}`, 'failed');
      onClose();
    } catch (problem) {
      error.value = (problem as Problem).message;
      const { status } = problem as Problem;
      if (status === 0 || status === 429 || status >= 500) error.value += ' The draft is kept in this browser.';
    }
    isBusy.value = false;
  }

  return (
    <Dialog title={`Save ${flag} in ${environment}`} isWide onClose={onClose}>
      <form onSubmit={save}>
        <Difference found={difference(documentOf(draft.base.value), draft.document.value)} />
        {evaluations.value !== null && (
          <p class="muted">{evaluations.value.toLocaleString()} evaluations in the last 24 hours would have seen this.</p>
        )}
        <Field label="Comment" hint="Why: kept in the audit log.">
          <input name="comment" dir="auto" maxLength={1000} required={isGuarded} pattern={isGuarded ? '.*\\S.*' : undefined} autoFocus />
        </Field>
        {isGuarded && (
          <>
            <p>
              <Lock /> <strong>{environment}</strong> is protected: each change says why.
            </p>
            <TypedWord word={environment} purpose="to confirm" onTyped={(is) => (isTyped.value = is)} />
          </>
        )}
        {error.value && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy.value || (isGuarded && !isTyped.value)}>
          {isBusy.value ? 'Saving…' : 'Save'}
        </button>
      </form>
    </Dialog>
  );
}
