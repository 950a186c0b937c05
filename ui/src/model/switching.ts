// Turning a flag on or off in an environment: shown at once, taken back when the store refuses.
import { api, ask, Problem, tagOf, type Config } from '../api/client';
import { notify, tellProblem } from '../parts/notices';
import { askReason, commentOf } from '../parts/reason-dialog';
import { configs, putConfig } from './flag-list';
import { isKilled } from './definition';

/** Changes a configuration by instructions (docs/store-api.md), made for the version that is shown. */
export async function instruct(config: Config, instructions: { kind: string }[], comment = ''): Promise<Config> {
  const { environment, flag, version } = config;
  const params = { path: { environment, flag }, header: tagOf(version), query: commentOf(comment) };
  const changed = await ask(api.PATCH('/api/v1/environments/{environment}/flags/{flag}', { params, body: { instructions } }));
  putConfig(changed);
  return changed;
}

const waiting = new Set<string>();

export async function toggle(before: Config) {
  const { environment, flag } = before;
  const id = `${environment}/${flag}`;
  if (waiting.has(id)) return;
  const next = !before.enabled;
  const comment = await askReason(`Turn ${flag} ${next ? 'on' : 'off'}`, [environment]);
  if (comment === undefined) return;
  waiting.add(id);
  putConfig({ ...before, enabled: next });
  try {
    tell(await instruct(before, [{ kind: next ? 'turnOn' : 'turnOff' }], comment));
  } catch (problem) {
    const now = problem instanceof Problem && problem.status === 412 ? (problem.current as Config | undefined) : undefined;
    putConfig(now ?? before);
    if (now) tellProblem(`${flag} was changed by someone else meanwhile`, problem);
    else tellProblem(`${flag} stays ${before.enabled ? 'on' : 'off'}`, problem, () => void toggle(before));
  } finally {
    waiting.delete(id);
  }
}

function tell(changed: Config) {
  const { flag, environment, enabled, warnings } = changed;
  const killed = isKilled(changed.kill) ? ', and still killed' : '';
  notify(`${flag} is ${enabled ? 'on' : 'off'} in ${environment}${killed}`, 'done', {
    name: 'Undo',
    do: () => {
      const now = configs.value.get(environment)?.get(flag);
      if (now && now.enabled === enabled) void toggle(now);
    },
  });
  for (const warning of warnings ?? []) notify(`${warning.host}: ${warning.detail}`, 'failed');
}
