import { useSignal } from '@preact/signals';
import { useEditing } from './context';
import { Conflict } from './conflict';
import { Review } from './review';

/** Shown as long as there is something to save. */
export function SaveBar() {
  const { draft, isReadOnly } = useEditing();
  const isReviewing = useSignal(false);
  if (!draft.isDirty.value || isReadOnly) return null;
  const problem = draft.problem.value;
  const state = draft.textError.value
    ? 'The document is no JSON yet.'
    : problem
      ? problem.message
      : 'Unsaved changes, kept in this browser.';
  return (
    <>
      <div class="save-bar" role="region" aria-label="Unsaved changes">
        <span class={problem || draft.textError.value ? 'error' : ''} role="status">
          {state}
        </span>
        <button type="button" onClick={() => draft.reset(draft.theirs.value ?? draft.base.value)}>
          Discard
        </button>
        <button type="button" class="primary" disabled={!!problem || !!draft.textError.value} onClick={() => (isReviewing.value = true)}>
          Review and save
        </button>
      </div>
      {draft.theirs.value ? <Conflict /> : isReviewing.value && <Review onClose={() => (isReviewing.value = false)} />}
    </>
  );
}
