// What is different between two documents, in words and as a JSON Patch (RFC 6902), and how two people's changes of the
// same document are put together.
export interface Difference {
  words: string[];
  patch: { op: 'add' | 'remove' | 'replace'; path: string; value?: unknown }[];
}

const show = (value: unknown) => JSON.stringify(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Members in any order. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isSame(one, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && isSame(a[key], b[key]));
}

export function difference(before: unknown, after: unknown): Difference {
  const found: Difference = { words: [], patch: [] };
  compare(before, after, '', '', found);
  return found;
}

function compare(before: unknown, after: unknown, place: string, path: string, found: Difference) {
  if (isSame(before, after)) return;
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const inside = place ? `${place}.${key}` : key;
      step(before, after, key, inside, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, found);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    before.forEach((_, i) => step(before, after, i, `${place}[${i}]`, `${path}/${i}`, found));
  } else {
    found.words.push(`${place || 'the document'}: ${show(before)} becomes ${show(after)}`);
    found.patch.push({ op: 'replace', path, value: after });
  }
}

function step(before: object, after: object, key: string | number, place: string, path: string, found: Difference) {
  const old = (before as Record<string, unknown>)[key];
  const now = (after as Record<string, unknown>)[key];
  if (old === undefined) {
    found.words.push(`${place}: ${show(now)} is new`);
    found.patch.push({ op: 'add', path, value: now });
  } else if (now === undefined) {
    found.words.push(`${place}: ${show(old)} is gone`);
    found.patch.push({ op: 'remove', path });
  } else {
    compare(old, now, place, path, found);
  }
}

/** Member by member: what only one of the two changed is taken; where both did, `mine` stays and is named. */
export function merge<T extends object>(base: T, mine: T, theirs: T): { merged: T; both: string[] } {
  const merged: Record<string, unknown> = {};
  const both: string[] = [];
  const at = (document: T, key: string) => (document as Record<string, unknown>)[key];
  for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const isMine = !isSame(at(base, key), at(mine, key));
    const isTheirs = !isSame(at(base, key), at(theirs, key));
    if (isMine && isTheirs && !isSame(at(mine, key), at(theirs, key))) both.push(key);
    const value = isMine ? at(mine, key) : at(theirs, key);
    if (value !== undefined) merged[key] = value;
  }
  return { merged: merged as T, both };
}
