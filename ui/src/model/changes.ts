// What was changed by somebody, and what of it is shown here: asked for again, so that it appears without a reload.
import { signal } from '@preact/signals';
import { answered, api, ask } from '../api/client';
import { isLost } from '../app/session';
import type { Change } from '../api/events';
import { configs, environments, flags, isLoaded, loadAll, loadEnvironments, putConfig, putFlag } from './flag-list';

/** Changes that are taken in one by one; when there are more at once, everything is loaded again. */
const maxSingle = 50;

const againMillis = 3000;

/** Nobody looks at the page, or somebody has to sign in first. */
export const isQuiet = () => document.hidden || isLost.peek();

/** How often each kind of thing has changed, for pages that show a list of it. */
const counts = signal<Readonly<Record<string, number>>>({});
export const changesOf = (kinds: string[]) => kinds.reduce((sum, kind) => sum + (counts.value[kind] ?? 0), counts.value.any ?? 0);

function count(kinds: Iterable<string>) {
  const next = { ...counts.peek() };
  for (const kind of kinds) next[kind] = (next[kind] ?? 0) + 1;
  counts.value = next;
}

async function take({ kind, key, environment, version }: Change) {
  if (kind === 'environment') return loadEnvironments();
  if (kind === 'config' && environment && (configs.value.get(environment)?.get(key)?.version ?? 0) < version) {
    const params = { path: { environment, flag: key } };
    putConfig(await ask(api.GET('/api/v1/environments/{environment}/flags/{flag}', { params })));
  }
  if (kind === 'flag' && (flags.value.find((flag) => flag.key === key)?.version ?? 0) < version) {
    putFlag(await ask(api.GET('/api/v1/flags/{flag}', { params: { path: { flag: key } } })));
  }
}

/** Whether a change is about what all environments have: a flag that comes or goes, an environment that does. */
const isWide = ({ kind, action }: Change) => kind === 'epoch' || ((kind === 'flag' || kind === 'environment') && action !== 'update');

async function takeAll(changes: Change[]) {
  if (changes.length >= maxSingle || changes.some(isWide)) return loadAll();
  const newestOfEach = new Map(changes.map((change) => [`${change.kind} ${change.environment} ${change.key}`, change]));
  for (const change of newestOfEach.values()) await take(change);
}

let waiting: Change[] = [];
let isTaking = false;
/** Something could not be had when it had changed, so anything here may be old. */
let isOld = false;
let timer = 0;

async function takeWaiting() {
  await answered(); // it may be told of one's own change before that is answered
  const now = waiting;
  waiting = [];
  if (isLoaded.peek()) await (isOld ? loadAll() : takeAll(now));
  isOld = false;
  count(new Set(now.map(({ kind }) => kind)));
}

/** In the order in which they were made; what comes while others are taken in waits, and goes together. */
export async function tellChanges(changes: Change[]) {
  waiting.push(...changes);
  if (isTaking) return;
  isTaking = true;
  while (waiting.length > 0) {
    // What was changed may be gone by now, and the store away.
    await takeWaiting().catch(() => (isOld = true));
  }
  isTaking = false;
  if (isOld) lookAgain();
}

function lookAgain() {
  clearTimeout(timer);
  timer = window.setTimeout(() => (isQuiet() ? lookAgain() : void tellReset()), againMillis);
}

/** Anything may have changed. */
export async function tellReset() {
  try {
    if (isLoaded.peek()) await loadAll();
    isOld = false;
    count(['any']);
  } catch {
    isOld = true;
    lookAgain();
  }
}

/** What was changed between the loading of the list and the beginning of the stream: revisions tell. */
export async function catchUp() {
  const known = new Map(environments.peek().map(({ key, epoch, revision }) => [key, `${epoch}.${revision}`]));
  await loadEnvironments();
  const isSame = environments.peek().every(({ key, epoch, revision }) => known.get(key) === `${epoch}.${revision}`);
  if (!isSame) await loadAll();
}
