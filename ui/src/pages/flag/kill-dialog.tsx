import { Dialog } from '../../parts/dialog';
import { Field } from '../../parts/field';

interface Props {
  flag: string;
  environment: string;
  onKill: (kill: { reason?: string; expiresAt?: string }) => Promise<void>;
  onClose: () => void;
}

export function KillDialog({ flag, environment, onKill, onClose }: Props) {
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const reason = String(form.get('reason')).trim();
    const until = String(form.get('until'));
    await onKill({ ...(reason && { reason }), ...(until && { expiresAt: new Date(until).toISOString() }) });
    onClose();
  }
  return (
    <Dialog title={`Kill ${flag} in ${environment}`} onClose={onClose}>
      <form onSubmit={submit}>
        <p>
          Everybody gets the off variant at once, whatever targets and rules say. Everything is kept for when the kill is taken
          back.
        </p>
        <Field label="Reason">
          <input name="reason" dir="auto" required placeholder="what happens, or the incident" />
        </Field>
        <Field label="Until" hint="Empty: until somebody takes it back.">
          <input name="until" type="datetime-local" />
        </Field>
        <button type="submit" class="danger">
          Kill it
        </button>
      </form>
    </Dialog>
  );
}
