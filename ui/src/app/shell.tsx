import type { ComponentChildren } from 'preact';
import { api, ask, fromPage } from '../api/client';
import { connection } from '../model/live';
import { tellProblem } from '../parts/notices';
import { linkTo, route } from './router';
import { credentials, isAdmin, session, signedOut } from './session';

const pages: [string, string][] = [
  ['flags', 'Flags'],
  ['playground', 'Playground'],
  ['segments', 'Segments'],
  ['environments', 'Environments'],
  ['schedule', 'Schedule'],
  ['usage', 'Usage'],
  ['fleet', 'Fleet'],
  ['audit', 'Audit log'],
  ['transfer', 'Import and export'],
  ['access', 'Keys and tokens'],
];
const pagesOfAdmins: [string, string][] = [['people', 'People']];

async function signOut() {
  try {
    if (!credentials.value) await ask(api.DELETE('/api/v1/session', { params: fromPage }));
    signedOut();
  } catch (problem) {
    tellProblem('Not signed out', problem);
  }
}

/** What stands around every page. */
export function Shell({ children }: { children: ComponentChildren }) {
  const [page = 'flags'] = route.value.path;
  const who = session.value!;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to content
      </a>
      <header>
        <a class="brand" href="#/flags">
          <svg viewBox="0 0 16 16" width="20" height="20" aria-hidden="true">
            <path d="M3 1v14" class="pole" />
            <path d="M4 2l10 3.5L4 9z" class="cloth" />
          </svg>
          pennon
        </a>
        <nav aria-label="Pages">
          {[...pages, ...(isAdmin.value ? pagesOfAdmins : [])].map(([path, name]) => (
            <a key={path} href={linkTo(path)} aria-current={page === path ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <div class="who">
          <span dir="auto">{who.user ?? `token ${who.token}`}</span>
          <span class="muted">{who.role}</span>
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {connection.value === 'away' && (
          <p class="away" role="status">
            Not connected: what you see may be old. It is tried again by itself.
          </p>
        )}
        {children}
      </main>
    </div>
  );
}

function focusMain(event: Event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
