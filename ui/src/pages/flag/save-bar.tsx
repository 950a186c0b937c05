import { useSignal } from '@preact/signals';
import { useEditing } from './context';
import { Conflict } from './conflict';
import { faultId } from './fault';
import { Review } from './review';

/** To the field that is wrong, or to what is told where there is none. */
function focusFault(place: string) {
  const id = faultId(place);
  const told = document.getElementById(id);
  told?.scrollIntoView({ block: 'center' });
  document.querySelector<HTMLElement>(`[aria-describedby="${id}"]`)?.focus({ preventScroll: true });
}

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
      : draft.unchecked.value
        ? `Unsaved changes, kept in this browser, and not checked yet: ${draft.unchecked.value}`
        : 'Unsaved changes, kept in this browser.';
  return (
    <>
      <div class="save-bar" role="region" aria-label="Unsaved changes">
        <span class={problem || draft.textError.value ? 'error' : ''} role="status">
          {state}
        </span>
        {draft.faults.now.value?.place && (
          <button type="button" onClick={() => focusFault(draft.faults.now.value!.place)}>
            Go to it
          </button>
        )}
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
