import { useSignal } from '@preact/signals';
import { api, ask, tagOf, type Environment } from '../../api/client';
import { environments, isLoaded, loadEnvironments } from '../../model/flag-list';
import { ConfirmDelete } from '../../parts/confirm-delete';
import { Dialog } from '../../parts/dialog';
import { Field } from '../../parts/field';
import { notify } from '../../parts/notices';

/** What may be done to an environment that is there. */
export function EnvironmentActions({ environment }: { environment: Environment }) {
  const isRenaming = useSignal(false);
  const isDeleting = useSignal(false);
  const { key, version } = environment;
  async function remove() {
    const params = { path: { environment: key }, query: { confirm: key }, header: tagOf(version) };
    await ask(api.DELETE('/api/v1/environments/{environment}', { params }));
    environments.value = environments.value.filter((other) => other.key !== key);
    isLoaded.value = false; // the list of flags still has its configurations
    notify(`${key} is deleted`);
  }
  return (
    <>
      <button type="button" aria-label={`Rename ${key}`} onClick={() => (isRenaming.value = true)}>
        Rename
      </button>
      <button type="button" class="danger" aria-label={`Delete ${key}`} onClick={() => (isDeleting.value = true)}>
        Delete…
      </button>
      {isRenaming.value && <Rename environment={environment} onClose={() => (isRenaming.value = false)} />}
      {isDeleting.value && (
        <ConfirmDelete name={key} button="Delete the environment" remove={remove} onClose={() => (isDeleting.value = false)}>
          Its configurations, segments, keys and schedules go with it. Daemons that follow it keep what they have, and get no more.
        </ConfirmDelete>
      )}
    </>
  );
}

function Rename({ environment, onClose }: { environment: Environment; onClose: () => void }) {
  const error = useSignal('');
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const name = String(new FormData(event.target as HTMLFormElement).get('name')).trim();
    try {
      const params = { path: { environment: environment.key }, header: tagOf(environment.version) };
      await ask(api.PUT('/api/v1/environments/{environment}', { params, body: { name } }));
      await loadEnvironments();
      onClose();
    } catch (problem) {
      error.value = (problem as Error).message;
    }
  }
  return (
    <Dialog title={`Rename ${environment.key}`} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label="Name" hint="The key stays as it is." error={error.value}>
          <input name="name" required dir="auto" defaultValue={environment.name} />
        </Field>
        <button type="submit" class="primary">
          Save
        </button>
      </form>
    </Dialog>
  );
}
