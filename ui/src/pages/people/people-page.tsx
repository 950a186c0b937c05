import { useSignal } from '@preact/signals';
import { api, ask, tagOf, type User } from '../../api/client';
import { session } from '../../app/session';
import { ConfirmDelete } from '../../parts/confirm-delete';
import { Field } from '../../parts/field';
import { Show, useLoaded } from '../../parts/loaded';
import { notify, tellProblem } from '../../parts/notices';
import { PageHeading } from '../../parts/page-heading';
import { ShownOnce } from '../../parts/shown-once';

type Role = User['role'];
const roles: Role[] = ['none', 'viewer', 'editor', 'admin'];

/** Who signs in, and what each may do where. */
export function PeoplePage() {
  const invitation = useSignal('');
  const deleted = useSignal('');
  const loaded = useLoaded(async () => (await ask(api.GET('/api/v1/users'))).users, [], ['user', 'account']);

  async function change(what: string, done: () => Promise<{ invitation?: string } | unknown>) {
    try {
      const answer = (await done()) as { invitation?: string } | undefined;
      if (answer?.invitation) invitation.value = answer.invitation;
      await loaded.again(); // whoever reads that it is done may go on with what is shown
      if (!answer?.invitation) notify(what);
    } catch (problem) {
      tellProblem(`Not done: ${what}`, problem);
      await loaded.again();
    }
  }
  const put = (user: User, body: Pick<User, 'role' | 'environments'>) =>
    change(`${user.name} is ${body.role} now`, () =>
      ask(api.PUT('/api/v1/users/{user}', { params: { path: { user: user.name }, header: tagOf(user.version) }, body })),
    );
  const invite = (name: string) =>
    change(`invite ${name}`, () => ask(api.POST('/api/v1/users/{user}/invitation', { params: { path: { user: name } } })));
  async function remove(name: string) {
    const version = loaded.value?.find((user) => user.name === name)?.version ?? 0;
    await ask(api.DELETE('/api/v1/users/{user}', { params: { path: { user: name }, header: tagOf(version) } }));
    deleted.value = '';
    notify(`${name} is deleted`);
    await loaded.again();
  }

  return (
    <>
      <PageHeading title="People" />
      <Show loaded={loaded}>
        {(users) => (
          <div class="wide-table" tabIndex={0} role="region" aria-label="People">
            <table>
              <caption class="unseen">People</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Role</th>
                  <th scope="col">Elsewhere</th>
                  <th scope="col">Password</th>
                  <th scope="col">
                    <span class="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {users.map((user) => (
                  <tr key={user.name}>
                    <th scope="row" dir="auto">
                      {user.name}
                    </th>
                    <td>
                      <RoleChoice
                        label={`Role of ${user.name}`}
                        role={user.role}
                        isDisabled={user.name === session.value?.user}
                        onChange={(role) => put(user, { role, environments: user.environments })}
                      />
                    </td>
                    <td>
                      {Object.entries(user.environments).map(([environment, role]) => `${role} in ${environment}`).join(', ')}
                    </td>
                    <td>{user.hasPassword ? 'set' : 'not yet'}</td>
                    <td class="actions">
                      <button type="button" aria-label={`Invite ${user.name} again`} onClick={() => invite(user.name)}>
                        Invite again
                      </button>
                      <button type="button" class="danger" aria-label={`Delete ${user.name}`} onClick={() => (deleted.value = user.name)}>
                        Delete…
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {users.length === 0 && <p class="muted">Nobody yet: whoever is here came with a token.</p>}
          </div>
        )}
      </Show>
      <NewPerson onSubmit={(body) => change(`invite ${body.name}`, () => ask(api.POST('/api/v1/users', { body })))} />
      {invitation.value && (
        <ShownOnce title="An invitation" secret={invitation.value} onClose={() => (invitation.value = '')}>
          Whoever comes with this to the sign-in page within a day sets the password. It works once, and is shown this once.
        </ShownOnce>
      )}
      {deleted.value && (
        <ConfirmDelete
          name={deleted.value}
          button="Delete, and end the sessions"
          remove={() => remove(deleted.value)}
          onClose={() => (deleted.value = '')}
        >
          What they did stays in the audit log.
        </ConfirmDelete>
      )}
    </>
  );
}

interface ChoiceProps {
  label: string;
  role: Role;
  isDisabled?: boolean;
  onChange: (role: Role) => void;
}

function RoleChoice({ label, role, isDisabled = false, onChange }: ChoiceProps) {
  return (
    <select aria-label={label} value={role} disabled={isDisabled} onChange={(event) => onChange(event.currentTarget.value as Role)}>
      {roles.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
}

function NewPerson({ onSubmit }: { onSubmit: (body: { name: string; role: Role }) => Promise<void> }) {
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    await onSubmit({ name: String(form.get('name')).trim(), role: form.get('role') as Role });
    element.reset();
  }
  return (
    <form class="card below" aria-label="Invite somebody" onSubmit={submit}>
      <h2>Invite somebody</h2>
      <Field label="Name">
        <input name="name" required dir="auto" autoComplete="off" />
      </Field>
      <Field label="Role">
        <select name="role">
          {roles.map((one) => (
            <option key={one} selected={one === 'viewer'}>
              {one}
            </option>
          ))}
        </select>
      </Field>
      <button type="submit" class="primary">
        Invite
      </button>
    </form>
  );
}
