import { Copyable } from './copyable';
import { Dialog } from './dialog';

interface Props {
  title: string;
  secret: string;
  onClose: () => void;
  children: string;
}

/** A secret that the store does not keep. */
export function ShownOnce({ title, secret, onClose, children }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <Copyable text={secret} />
      <p class="actions">
        <button type="button" class="primary" onClick={onClose}>
          I have kept it
        </button>
      </p>
    </Dialog>
  );
}
