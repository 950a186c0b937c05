import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { api, ask, type Config, type Flag } from '../../api/client';
import { route, setQuery } from '../../app/router';
import { mayEdit } from '../../app/session';
import { isKilled } from '../../model/definition';
import { Draft } from '../../model/draft';
import { configs, environments, flags, isLoaded, loadAll } from '../../model/flag-list';
import { Lock } from '../../parts/lock';
import { notify } from '../../parts/notices';
import { variantsOf } from './context';
import { History } from './history';
import { Settings } from './settings';
import { Targeting } from './targeting';

const views = ['targeting', 'history', 'settings'];

async function segmentsOf(environment: string): Promise<string[]> {
  const params = { path: { environment }, query: { limit: 500 } };
  return (await ask(api.GET('/api/v1/environments/{environment}/segments', { params }))).segments.map(({ key }) => key);
}

const failure = signal('');

/** One flag: targeting by environment, history, and what all environments share. */
export function FlagPage({ flagKey }: { flagKey: string }) {
  const load = () => loadAll().then(() => (failure.value = ''), (problem) => (failure.value = (problem as Error).message));
  useEffect(() => {
    document.title = `${flagKey} · pennon`;
    void load();
  }, [flagKey]);

  const flag = flags.value.find(({ key }) => key === flagKey);
  if (!isLoaded.value || !flag) return <NotThere flagKey={flagKey} onAgain={load} />;
  const { query } = route.value;
  const environment = query.get('environment') ?? environments.value[0]?.key ?? '';
  const view = query.get('view') ?? 'targeting';
  const config = configs.value.get(environment)?.get(flagKey);
  return (
    <>
      <FlagHeading flag={flag} />
      <div class="tabs">
        <nav aria-label="Environments">
          {environments.value.map(({ key, name, protected: isProtected }) => (
            <button
              type="button"
              key={key}
              class={isKilled(configs.value.get(key)?.get(flagKey)?.kill) ? 'killed' : ''}
              aria-current={key === environment && view !== 'settings' ? 'true' : undefined}
              onClick={() => setQuery({ environment: key, view: view === 'settings' ? '' : view })}
            >
              {name || key} {isProtected && <Lock />}
            </button>
          ))}
        </nav>
        <nav aria-label="Views">
          {views.map((name) => (
            <button type="button" key={name} aria-current={name === view ? 'true' : undefined} onClick={() => setQuery({ view: name })}>
              {name[0]!.toUpperCase() + name.slice(1)}
            </button>
          ))}
        </nav>
      </div>
      {view === 'settings' ? <Settings key={flagKey} flag={flag} /> : config && <InEnvironment key={environment} flag={flag} config={config} view={view} />}
    </>
  );
}

function NotThere({ flagKey, onAgain }: { flagKey: string; onAgain: () => void }) {
  return (
    <section class="empty">
      <h1 class="key">{flagKey}</h1>
      {failure.value ? (
        <>
          <p role="alert">{failure.value}</p>
          <button type="button" class="primary" onClick={onAgain}>
            Try again
          </button>
        </>
      ) : isLoaded.value ? (
        <p>
          There is no such flag. <a href="#/flags">All flags</a>
        </p>
      ) : (
        <p class="muted loading">Loading…</p>
      )}
    </section>
  );
}

function FlagHeading({ flag }: { flag: Flag }) {
  return (
    <div class="heading flag-heading">
      <a href="#/flags">Flags</a>
      <span class="muted" aria-hidden="true">
        /
      </span>
      <h1 class="key">{flag.key}</h1>
      <span class="chip">{flag.type}</span>
      <span class="muted" dir="auto">
        {flag.name ?? flag.description}
      </span>
    </div>
  );
}

/** Holds the draft as long as the environment is shown; what others save comes in from outside. */
function InEnvironment({ flag, config, view }: { flag: Flag; config: Config; view: string }) {
  const draft = useMemo(() => new Draft(config), []);
  const segments = useSignal<string[]>([]);
  useEffect(() => {
    if (draft.wasKept) notify('What you had not saved is here again');
    segmentsOf(config.environment).then((keys) => (segments.value = keys), () => {});
    return () => draft.leave();
  }, []);
  useEffect(() => draft.rebase(config), [config.version]);

  const isReadOnly = !mayEdit(config.environment);
  if (view === 'history') return <History config={config} isReadOnly={isReadOnly} onRestored={(now) => draft.rebase(now)} />;
  return <Targeting editing={{ flag, variants: variantsOf(flag), segments: segments.value, draft, isReadOnly }} />;
}
