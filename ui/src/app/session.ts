// Who uses the page: a session's cookie, which scripts cannot see, or an API token of this tab.
import { computed, signal } from '@preact/signals';
import type { Session } from '../api/client';

const tokenKey = 'pennon.token';

/** The token that was signed in with; empty with a session. Gone when the tab is closed. */
export const credentials = signal(sessionStorage.getItem(tokenKey) ?? '');
export const session = signal<Session | null>(null);
/** True when a session has ended under an open page, which stays as it is until one signs in again. */
export const isLost = signal(false);

const rank = { none: 0, viewer: 1, editor: 2, admin: 3 };
export const isAdmin = computed(() => session.value?.role === 'admin');

export function mayEdit(environment: string): boolean {
  const who = session.value;
  if (!who) return false;
  return rank[who.environments[environment] ?? who.role] >= rank.editor;
}

/** Whether an environment itself may be changed: its name, its protection, its being there. */
export function mayAdminister(environment: string): boolean {
  const who = session.value;
  return !!who && (who.environments[environment] ?? who.role) === 'admin';
}

/** Whether what all environments share may be changed: by who may change it in every one of them. */
export const mayEditAll = computed(() => {
  const who = session.value;
  return !!who && [who.role, ...Object.values(who.environments)].every((role) => rank[role] >= rank.editor);
});

export function useToken(token: string) {
  credentials.value = token;
  if (token) sessionStorage.setItem(tokenKey, token);
  else sessionStorage.removeItem(tokenKey);
}

export function sessionLost() {
  if (session.value) isLost.value = true;
}

export function signedIn(who: Session) {
  session.value = who;
  isLost.value = false;
}

export function signedOut() {
  useToken('');
  session.value = null;
  isLost.value = false;
}
