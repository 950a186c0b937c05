import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, ask, tagOf, type AuditEntry, type Config, type Difference as Found } from '../../api/client';
import { Difference } from '../../parts/difference';
import { notify, tellProblem } from '../../parts/notices';
import { askReason, commentOf } from '../../parts/reason-dialog';
import { Time } from '../../parts/time';

interface Props {
  config: Config;
  isReadOnly: boolean;
  onRestored: (config: Config) => void;
}

/** Every version of a configuration; any of them can be made so again. */
export function History({ config, isReadOnly, onRestored }: Props) {
  const { environment, flag, version } = config;
  const versions = useSignal<AuditEntry[]>([]);

  useEffect(() => {
    const params = { path: { environment, flag }, query: { limit: 100 } };
    ask(api.GET('/api/v1/environments/{environment}/flags/{flag}/versions', { params })).then(
      (page) => (versions.value = page.versions),
      (problem) => tellProblem('The history cannot be read', problem),
    );
  }, [environment, flag, version]);

  async function restore(to: number) {
    const comment = await askReason(`Restore version ${to}`, [environment]);
    if (comment === undefined) return;
    const params = { path: { environment, flag, version: String(to) }, header: tagOf(version), query: commentOf(comment) };
    try {
      onRestored(await ask(api.POST('/api/v1/environments/{environment}/flags/{flag}/versions/{version}/restore', { params })));
      notify(`${flag} in ${environment} is as version ${to} was`);
    } catch (problem) {
      tellProblem('Not restored', problem);
    }
  }

  return (
    <ol class="history" aria-label="Versions">
      {versions.value.map((entry) => (
        <li key={entry.version} class="card">
          <div class="entry-head">
            <strong>Version {entry.version}</strong>
            <span dir="auto">{entry.actor}</span>
            <Time at={entry.at} />
            {!isReadOnly && entry.version !== version && (
              <button type="button" aria-label={`Restore version ${entry.version}`} onClick={() => void restore(entry.version)}>
                Restore
              </button>
            )}
            {entry.version === version && <span class="chip">now</span>}
          </div>
          {entry.comment && <p dir="auto">“{entry.comment}”</p>}
          <Changes entry={entry} />
        </li>
      ))}
    </ol>
  );
}

function Changes({ entry }: { entry: AuditEntry }) {
  const found = useSignal<Found | null>(null);
  async function load() {
    if (found.value) return;
    const params = { path: { environment: entry.environment!, flag: entry.key, version: String(entry.version) } };
    try {
      found.value = await ask(api.GET('/api/v1/environments/{environment}/flags/{flag}/versions/{version}/diff', { params }));
    } catch (problem) {
      tellProblem('The difference cannot be read', problem);
    }
  }
  return (
    <details onToggle={(event) => (event.currentTarget as HTMLDetailsElement).open && void load()}>
      <summary>What changed in version {entry.version}</summary>
      {found.value && <Difference found={found.value} />}
    </details>
  );
}
