import { useEffect } from 'preact/hooks';
import { api, ask } from '../../api/client';
import { isAdmin, mayAdminister } from '../../app/session';
import { environments, isLoaded, loadEnvironments } from '../../model/flag-list';
import { Field } from '../../parts/field';
import { FormError, useFormFault } from '../../parts/form-fault';
import { Lock } from '../../parts/lock';
import { notify, tellProblem } from '../../parts/notices';
import { PageHeading } from '../../parts/page-heading';
import { Time } from '../../parts/time';
import { EnvironmentActions, ProtectedBox } from './environment-actions';

/** All environments; a new one is empty or a copy of another. */
export function EnvironmentsPage() {
  useEffect(() => void loadEnvironments().catch((problem) => tellProblem('No environments', problem)), []);
  const mayAny = environments.value.some(({ key }) => mayAdminister(key));
  return (
    <>
      <PageHeading title="Environments" />
      <div class="wide-table" tabIndex={0} role="region" aria-label="Environments">
        <table>
          <caption class="unseen">Environments</caption>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Name</th>
              <th scope="col">Protected</th>
              <th scope="col">Revision</th>
              <th scope="col">Made</th>
              {mayAny && (
                <th scope="col">
                  <span class="unseen">Actions</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {environments.value.map((environment) => (
              <tr key={environment.key}>
                <th scope="row">
                  <code>{environment.key}</code>
                </th>
                <td dir="auto">{environment.name}</td>
                <td>{environment.protected ? <Lock /> : <span class="muted">no</span>}</td>
                <td>{environment.revision}</td>
                <td>
                  <Time at={environment.createdAt} />
                </td>
                {mayAny && <td class="actions">{mayAdminister(environment.key) && <EnvironmentActions environment={environment} />}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {isAdmin.value && <NewEnvironment />}
    </>
  );
}

function NewEnvironment() {
  const fault = useFormFault('key', 'name', 'copyFrom');
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    const text = (name: string) => String(form.get(name)).trim();
    const copyFrom = text('copyFrom');
    fault.clear();
    try {
      const body = {
        key: text('key'),
        name: text('name') || text('key'),
        protected: form.has('protected'),
        ...(copyFrom && { copyFrom }),
      };
      await ask(api.POST('/api/v1/environments', { body }));
      isLoaded.value = false; // the list of flags has none of its configurations yet
      await loadEnvironments();
      notify(`${body.key} is there`);
      element.reset();
    } catch (problem) {
      fault.set(problem);
    }
  }
  return (
    <form class="card below" onSubmit={submit}>
      <h2>New environment</h2>
      <Field label="Key" hint="It never changes." error={fault.at('key')}>
        <input name="key" required spellcheck={false} />
      </Field>
      <Field label="Name" error={fault.at('name')}>
        <input name="name" dir="auto" />
      </Field>
      <Field label="Begins as" error={fault.at('copyFrom')}>
        <select name="copyFrom">
          <option value="">every flag, switched off</option>
          {environments.value.map(({ key }) => (
            <option key={key} value={key}>{`a copy of ${key}`}</option>
          ))}
        </select>
      </Field>
      <ProtectedBox isChecked={false} />
      <FormError of={fault} />
      <button type="submit" class="primary">
        Make the environment
      </button>
    </form>
  );
}
