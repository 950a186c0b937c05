import { useSignal } from '@preact/signals';
import { api, ask } from '../../api/client';
import { credentials } from '../../app/session';
import { environments, loadAll } from '../../model/flag-list';
import { tellProblem } from '../../parts/notices';
import { Copyable } from '../../parts/copyable';
import { NewFlag } from './new-flag';

/** What the command-line user asks the store itself, without a daemon. */
function commandFor(flag: string, environment: string, key: string): string {
  return [
    `curl ${location.origin}/ofrep/v1/evaluate/flags/${flag} \\`,
    `  -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\`,
    `  -d '{"context": {"targetingKey": "user-1"}}'    # in ${environment}`,
  ].join('\n');
}

async function prepare(flag: string): Promise<string> {
  const environment = environments.value[0]!.key;
  const path = { environment };
  const body = { name: 'first flag', kind: 'read' };
  const { token } = await ask(api.POST('/api/v1/environments/{environment}/keys', { params: { path }, body }));
  return commandFor(flag, environment, token);
}

/** On an empty store: an environment, a flag, and the command that evaluates it. */
export function FirstFlag({ onDone }: { onDone: () => void }) {
  const command = useSignal('');
  const flag = useSignal('');

  async function makeEnvironment() {
    try {
      await ask(api.POST('/api/v1/environments', { body: { key: 'production', name: 'Production' } }));
      await loadAll();
    } catch (problem) {
      tellProblem('No environment was made', problem);
    }
  }

  async function made(key: string) {
    try {
      command.value = await prepare(key);
    } catch {
      // Only admins make keys: the command then names what to put there.
      command.value = commandFor(key, environments.value[0]!.key, credentials.value || 'READ-KEY');
    }
    flag.value = key;
  }

  return (
    <section class="empty">
      <h1>{flag.value ? `${flag.value} is there` : 'Your first flag'}</h1>
      {environments.value.length === 0 ? (
        <>
          <p>Flags are switched per environment. Begin with one; others can be made as copies of it.</p>
          <button type="button" class="primary" onClick={makeEnvironment}>
            Make the environment “production”
          </button>
        </>
      ) : !flag.value ? (
        <NewFlag onMade={made} />
      ) : (
        <>
          <p>Ask for it. The key in the command is for evaluations only, and is shown this once.</p>
          <Copyable text={command.value} />
          <p>
            <button type="button" class="primary" onClick={onDone}>
              Show the flags
            </button>
          </p>
        </>
      )}
    </section>
  );
}
