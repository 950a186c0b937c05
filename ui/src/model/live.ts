// What others change appears without a reload: the audit log is asked every few seconds for what is new.
import { api, ask, type AuditEntry } from '../api/client';
import { isLost } from '../app/session';
import { isLoaded, loadAll, loadEnvironments, putConfig, putFlag } from './flag-list';

const pauseMillis = 3000;
const batch = 50;

async function latest(limit: number): Promise<AuditEntry[]> {
  return (await ask(api.GET('/api/v1/audit', { params: { query: { limit } } }))).entries;
}

async function take(entry: AuditEntry) {
  const { kind, key, environment } = entry;
  if (kind === 'environment') return loadEnvironments();
  if (kind === 'config' && environment) {
    const params = { path: { environment, flag: key } };
    putConfig(await ask(api.GET('/api/v1/environments/{environment}/flags/{flag}', { params })));
  }
  if (kind === 'flag' && entry.action === 'update') {
    putFlag(await ask(api.GET('/api/v1/flags/{flag}', { params: { path: { flag: key } } })));
  }
}

async function takeAll(entries: AuditEntry[]) {
  const isBig = entries.length === batch || entries.some(({ kind, action }) => kind === 'flag' && action !== 'update');
  if (isBig) return loadAll();
  const newestOfEach = new Map(entries.reverse().map((entry) => [`${entry.kind} ${entry.environment} ${entry.key}`, entry]));
  for (const entry of newestOfEach.values()) await take(entry);
}

/** Follows until the returned function is called. */
export function follow(): () => void {
  let last = -1;
  let isStopped = false;
  async function look() {
    if (isStopped) return;
    try {
      if (!document.hidden && !isLost.value) {
        const entries = await latest(batch);
        const fresh = last < 0 ? [] : entries.filter(({ sequence }) => sequence > last);
        last = entries[0]?.sequence ?? 0;
        if (isLoaded.value) await takeAll(fresh);
      }
    } catch {
      // The store is away or the session has ended: whoever changes something is told then.
    }
    setTimeout(look, pauseMillis);
  }
  void look();
  return () => (isStopped = true);
}
