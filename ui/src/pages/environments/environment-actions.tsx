import { useSignal } from '@preact/signals';
import { api, ask, tagOf, type Environment } from '../../api/client';
import { environments, isLoaded, loadEnvironments } from '../../model/flag-list';
import { ConfirmDelete } from '../../parts/confirm-delete';
import { Dialog } from '../../parts/dialog';
import { Field } from '../../parts/field';
import { notify } from '../../parts/notices';
import { askReason, commentOf } from '../../parts/reason-dialog';

/** What may be done to an environment that is there. */
export function EnvironmentActions({ environment }: { environment: Environment }) {
  const isChanging = useSignal(false);
  const isDeleting = useSignal(false);
  const { key, version } = environment;
  async function remove(comment: string) {
    const params = { path: { environment: key }, query: { confirm: key, ...commentOf(comment) }, header: tagOf(version) };
    await ask(api.DELETE('/api/v1/environments/{environment}', { params }));
    environments.value = environments.value.filter((other) => other.key !== key);
    isLoaded.value = false; // the list of flags still has its configurations
    notify(`${key} is deleted`);
  }
  return (
    <>
      <button type="button" aria-label={`Settings of ${key}`} onClick={() => (isChanging.value = true)}>
        Settings
      </button>
      <button type="button" class="danger" aria-label={`Delete ${key}`} onClick={() => (isDeleting.value = true)}>
        Delete…
      </button>
      {isChanging.value && <Settings environment={environment} onClose={() => (isChanging.value = false)} />}
      {isDeleting.value && (
        <ConfirmDelete
          name={key}
          button="Delete the environment"
          wantsComment={environment.protected}
          remove={remove}
          onClose={() => (isDeleting.value = false)}
        >
          Its configurations, segments, keys and schedules go with it. Daemons that follow it keep what they have, and get no more.
        </ConfirmDelete>
      )}
    </>
  );
}

/** Whether each change has to say why; of what an admin only may decide. */
export function ProtectedBox({ isChecked }: { isChecked: boolean }) {
  return (
    <Field label="Protected" hint="Each change wants a comment and, in this page, the key typed. A kill wants its reason only.">
      <input type="checkbox" name="protected" defaultChecked={isChecked} />
    </Field>
  );
}

function Settings({ environment, onClose }: { environment: Environment; onClose: () => void }) {
  const error = useSignal('');
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const body = { name: String(form.get('name')).trim(), protected: form.has('protected') };
    const comment = await askReason(`Change ${environment.key}`, [environment.key]);
    if (comment === undefined) return;
    try {
      const params = { path: { environment: environment.key }, header: tagOf(environment.version), query: commentOf(comment) };
      await ask(api.PUT('/api/v1/environments/{environment}', { params, body }));
      await loadEnvironments();
      onClose();
    } catch (problem) {
      error.value = (problem as Error).message;
    }
  }
  return (
    <Dialog title={`Settings of ${environment.key}`} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label="Name" hint="The key stays as it is." error={error.value}>
          <input name="name" required dir="auto" defaultValue={environment.name} />
        </Field>
        <ProtectedBox isChecked={environment.protected} />
        <button type="submit" class="primary">
          Save
        </button>
      </form>
    </Dialog>
  );
}
