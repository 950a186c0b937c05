import { route, setQuery } from '../../app/router';
import { api, ask, type AuditEntry } from '../../api/client';
import { difference } from '../../model/difference';
import { Difference } from '../../parts/difference';
import { Show, useLoaded } from '../../parts/loaded';
import { PageHeading } from '../../parts/page-heading';
import { Time } from '../../parts/time';

const kinds = ['flag', 'config', 'segment', 'environment', 'token', 'user', 'schedule', 'epoch'];
const filters = ['actor', 'environment', 'kind', 'key'] as const;

async function load(query: URLSearchParams) {
  const asked = Object.fromEntries(filters.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])));
  return ask(api.GET('/api/v1/audit', { params: { query: { ...asked, after: query.get('after') ?? undefined, limit: 50 } as never } }));
}

/** Who changed what, when and why, the newest first. */
export function AuditPage() {
  const { query } = route.value;
  const loaded = useLoaded(() => load(query), [query.toString()], query.get('after') ? [] : kinds);
  const set = (name: string) => (event: Event) => setQuery({ [name]: (event.currentTarget as HTMLInputElement).value, after: '' });
  return (
    <>
      <PageHeading title="Audit log" />
      <search class="filters">
        {filters.map((name) =>
          name === 'kind' ? (
            <select key={name} aria-label="Kind" value={query.get(name) ?? ''} onChange={set(name)}>
              <option value="">Any kind</option>
              {kinds.map((kind) => (
                <option key={kind}>{kind}</option>
              ))}
            </select>
          ) : (
            <input
              key={name}
              aria-label={name[0]!.toUpperCase() + name.slice(1)}
              placeholder={name}
              value={query.get(name) ?? ''}
              onChange={set(name)}
            />
          ),
        )}
      </search>
      <Show loaded={loaded}>
        {({ entries, next }) => (
          <>
            <ol class="history" aria-label="Entries">
              {entries.map((entry) => (
                <Entry key={entry.sequence} entry={entry} />
              ))}
            </ol>
            {entries.length === 0 && <p class="muted">Nothing is like that.</p>}
            {next && (
              <button type="button" onClick={() => setQuery({ after: next })}>
                Older
              </button>
            )}
          </>
        )}
      </Show>
    </>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { sequence, actor, action, kind, key, environment, at, comment } = entry;
  const isChange = entry.before !== undefined && entry.after !== undefined;
  return (
    <li class="card">
      <div class="entry-head">
        <span class="muted">{sequence}</span>
        <span dir="auto">{actor}</span>
        <span>
          {action}s {kind} <code>{key}</code>
          {environment && <> in {environment}</>}
        </span>
        <Time at={at} />
      </div>
      {comment && <p dir="auto">“{comment}”</p>}
      {isChange && (
        <details>
          <summary>What changed in entry {sequence}</summary>
          <Difference found={difference(entry.before, entry.after)} />
        </details>
      )}
    </li>
  );
}
