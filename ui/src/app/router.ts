// Which page is shown, as the address says behind its '#': "#/flags/checkout?environment=production".
import { computed, signal } from '@preact/signals';

const hash = signal(location.hash);
addEventListener('hashchange', () => (hash.value = location.hash));

export interface Route {
  /** Decoded: ["flags", "checkout"] */
  path: string[];
  query: URLSearchParams;
}

export const route = computed<Route>(() => {
  const [path = '', query = ''] = hash.value.replace(/^#\/?/, '').split(/\?(.*)/s);
  return { path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
});

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function linkTo(...path: string[]): string {
  return '#/' + path.map(encodeURIComponent).join('/');
}

export function go(link: string) {
  location.hash = link;
}

/** Writes what the page is filtered by into the address, without a step in the history. */
export function setQuery(changes: Record<string, string>) {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  history.replaceState(null, '', linkTo(...route.value.path) + (text ? '?' + text : ''));
  hash.value = location.hash;
}
