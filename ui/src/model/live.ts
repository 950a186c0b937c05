// What others change appears without a reload: the store tells of it on a stream of events. Where no stream is to be had, the
// audit log is asked every few seconds. Nothing is asked or held open while nobody looks at the page.
import { signal } from '@preact/signals';
import { api, ask, type Problem } from '../api/client';
import { readEvents, type Change } from '../api/events';
import { catchUp, isQuiet, tellChanges, tellReset } from './changes';
import { isLoaded } from './flag-list';

const askMillis = 3000;
const askedEntries = 50;
/** The store's signs of life come every 15 s; the first event at once. */
const silentMillis = 40_000;
const firstMillis = 8000;
const shortestPause = 1000;
const longestPause = 60_000;

/** Whether the page is told of changes, asks for them, or cannot reach the store at all. */
export const connection = signal<'told' | 'asks' | 'away'>('told');

/** The newest entry of the audit log that is known here. */
let last = '';

/** Resolves when `millis` are over, or at once when the page is left or looked at again. */
function pause(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', end);
      signal.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, millis);
    document.addEventListener('visibilitychange', end);
    signal.addEventListener('abort', end);
  });
}

async function untilSeen(signal: AbortSignal) {
  while (isQuiet() && !signal.aborted) await pause(askMillis, signal);
}

async function whenLoaded(then: () => Promise<void>) {
  if (isLoaded.peek()) return then();
  const end = isLoaded.subscribe((is) => {
    if (!is) return;
    queueMicrotask(() => end());
    void then().catch(() => {});
  });
}

/** True when the store ended it: not a failure, and what comes next is another stream. */
async function listen(outer: AbortSignal): Promise<boolean> {
  const stop = new AbortController();
  const end = () => stop.abort();
  const endIfHidden = () => document.hidden && end();
  outer.addEventListener('abort', end);
  document.addEventListener('visibilitychange', endIfHidden);
  let timer = setTimeout(end, firstMillis);
  try {
    for await (const { name, id, data } of readEvents(last, stop.signal)) {
      clearTimeout(timer);
      timer = setTimeout(end, silentMillis);
      connection.value = 'told';
      if (name === 'goodbye') return true;
      if (name === 'hello' && !last) void whenLoaded(catchUp).catch(() => {});
      if (id) last = id;
      if (name === 'changes') void tellChanges((JSON.parse(data) as { entries: Change[] }).entries);
      if (name === 'reset') void tellReset();
    }
    return true;
  } catch (problem) {
    if (outer.aborted || isQuiet()) return true;
    throw problem;
  } finally {
    clearTimeout(timer);
    stop.abort();
    outer.removeEventListener('abort', end);
    document.removeEventListener('visibilitychange', endIfHidden);
  }
}

async function look() {
  try {
    const { entries } = await ask(api.GET('/api/v1/audit', { params: { query: { limit: askedEntries } } }));
    connection.value = 'asks';
    const known = last;
    last = String(entries[0]?.sequence ?? 0);
    const fresh = entries.filter(({ sequence }) => sequence > Number(known)).reverse();
    if (!known) await whenLoaded(catchUp);
    else if (fresh.length === askedEntries) await tellReset();
    else await tellChanges(fresh);
  } catch (problem) {
    // Whoever may not read the log is no reason for alarm.
    if ((problem as Problem).status === 0) connection.value = 'away';
  }
}

async function run(signal: AbortSignal) {
  let failures = 0;
  while (!signal.aborted) {
    await untilSeen(signal);
    if (signal.aborted) return;
    try {
      await listen(signal);
      failures = 0;
    } catch {
      ++failures;
    }
    const half = Math.min(longestPause, shortestPause * 2 ** failures) / 2;
    const next = Date.now() + half + Math.random() * half;
    while (!signal.aborted && Date.now() < next) {
      if (failures > 0 && !isQuiet()) await look();
      await pause(Math.min(askMillis, Math.max(0, next - Date.now())), signal);
    }
  }
}

/** Follows until the returned function is called. */
export function follow(): () => void {
  const stop = new AbortController();
  void run(stop.signal);
  return () => stop.abort();
}
