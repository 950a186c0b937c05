import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Dialog } from './dialog';
import { Field } from './field';
import { TypedWord } from './typed-word';

interface Props {
  name: string;
  button: string;
  /** Whether something protected goes with it, so that it has to be said why. */
  wantsComment?: boolean;
  /** Throws what is to be told. */
  remove: (comment: string) => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}

/** What cannot be undone asks for the name of what it takes away. */
export function ConfirmDelete({ name, button, wantsComment = false, remove, onClose, children }: Props) {
  const isTyped = useSignal(false);
  const comment = useSignal('');
  const error = useSignal('');
  async function confirm() {
    try {
      await remove(comment.value);
    } catch (problem) {
      error.value = (problem as Error).message;
    }
  }
  return (
    <Dialog title={`Delete ${name}`} onClose={onClose}>
      <p>{children}</p>
      {wantsComment && (
        <Field label="Comment" hint="What is protected says why it is changed.">
          <input dir="auto" maxLength={1000} onInput={(event) => (comment.value = event.currentTarget.value.trim())} />
        </Field>
      )}
      <TypedWord word={name} purpose="to delete it" error={error.value} onTyped={(is) => (isTyped.value = is)} />
      <p>
        <button type="button" class="danger" disabled={!isTyped.value || (wantsComment && !comment.value)} onClick={confirm}>
          {button}
        </button>
      </p>
    </Dialog>
  );
}
