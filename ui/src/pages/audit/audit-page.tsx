import { linkTo, route, setQuery } from '../../app/router';
import { api, ask, type AuditEntry } from '../../api/client';
import { difference } from '../../model/difference';
import { Difference } from '../../parts/difference';
import { Show, useLoaded } from '../../parts/loaded';
import { PageHeading } from '../../parts/page-heading';
import { Time } from '../../parts/time';
import { TypedInput } from '../../parts/typed-input';

const kinds = ['flag', 'config', 'segment', 'environment', 'token', 'user', 'account', 'schedule', 'epoch'];
const spans: [string, string][] = [
  ['1', 'Last hour'],
  ['24', 'Last day'],
  ['168', 'Last week'],
];
const hourMillis = 3_600_000;
const filters = ['actor', 'environment', 'kind', 'key'] as const;

async function load(query: URLSearchParams) {
  const asked = Object.fromEntries(filters.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])));
  const hours = Number(query.get('hours'));
  const since = hours > 0 ? new Date(Date.now() - hours * hourMillis).toISOString() : undefined;
  return ask(api.GET('/api/v1/audit', { params: { query: { ...asked, since, after: query.get('after') ?? undefined, limit: 50 } as never } }));
}

/** Who changed what, when and why, the newest first. */
export function AuditPage() {
  const { query } = route.value;
  const loaded = useLoaded(() => load(query), [query.toString()], query.get('after') ? [] : kinds);
  const set = (name: string) => (event: { currentTarget: { value: string } }) => setQuery({ [name]: event.currentTarget.value, after: '' });
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
            <TypedInput
              key={name}
              aria-label={name[0]!.toUpperCase() + name.slice(1)}
              placeholder={name}
              value={query.get(name) ?? ''}
              onChange={set(name)}
            />
          ),
        )}
        <select aria-label="Time" value={query.get('hours') ?? ''} onChange={set('hours')}>
          <option value="">Any time</option>
          {spans.map(([hours, words]) => (
            <option key={hours} value={hours}>
              {words}
            </option>
          ))}
        </select>
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

function FlagLink({ flag, environment }: { flag: string; environment: string | undefined }) {
  const query = environment ? `?environment=${encodeURIComponent(environment)}&view=history` : '';
  return <a href={linkTo('flags', flag) + query}>{flag}</a>;
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
          {action}s {kind} {kind === 'flag' || kind === 'config' ? <FlagLink flag={key} environment={environment} /> : <code>{key}</code>}
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
