import { documentOf } from '../../model/definition';
import { difference, merge } from '../../model/difference';
import { Dialog } from '../../parts/dialog';
import { Difference } from '../../parts/difference';
import { useEditing } from './context';

/** Someone else saved first: shows what they did, and lets one choose. */
export function Conflict() {
  const { draft } = useEditing();
  const theirs = draft.theirs.value!;
  const base = documentOf(draft.base.value);
  const { both } = merge(base, draft.document.value, documentOf(theirs));
  return (
    <Dialog title="Someone else saved first" isWide onClose={() => draft.mergeTheirs()}>
      <h2>What they changed</h2>
      <Difference found={difference(base, documentOf(theirs))} />
      {both.length > 0 && (
        <p>
          You both changed <code>{both.join(', ')}</code>: merging keeps yours there.
        </p>
      )}
      <div class="actions">
        <button type="button" class="primary" onClick={() => draft.mergeTheirs()}>
          Merge: theirs, and mine on top
        </button>
        <button type="button" onClick={() => draft.overwriteTheirs()}>
          Overwrite theirs with mine
        </button>
        <button type="button" onClick={() => draft.reset(theirs)}>
          Take theirs, drop mine
        </button>
      </div>
      <p class="muted">Nothing is saved until you review it again.</p>
    </Dialog>
  );
}
