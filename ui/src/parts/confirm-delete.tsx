import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Dialog } from './dialog';
import { Field } from './field';

interface Props {
  name: string;
  button: string;
  /** Throws what is to be told. */
  remove: () => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}

/** What cannot be undone asks for the name of what it takes away. */
export function ConfirmDelete({ name, button, remove, onClose, children }: Props) {
  const typed = useSignal('');
  const error = useSignal('');
  async function confirm() {
    try {
      await remove();
    } catch (problem) {
      error.value = (problem as Error).message;
    }
  }
  return (
    <Dialog title={`Delete ${name}`} onClose={onClose}>
      <p>{children}</p>
      <Field label={`Type ${name} to delete it`} error={error.value}>
        <input spellcheck={false} autoComplete="off" onInput={(event) => (typed.value = event.currentTarget.value)} />
      </Field>
      <p>
        <button type="button" class="danger" disabled={typed.value !== name} onClick={confirm}>
          {button}
        </button>
      </p>
    </Dialog>
  );
}
