// Contexts that one asks with again and again, kept in this browser under a name.
import { signal } from '@preact/signals';

const key = 'pennon.contexts';
export const firstContext = '{\n  "targetingKey": "user-1",\n  "country": "NO"\n}';

function read(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

export const contexts = signal(read());

export function saveContext(name: string, text: string) {
  contexts.value = { ...contexts.value, [name]: text };
  localStorage.setItem(key, JSON.stringify(contexts.value));
}

export function forgetContext(name: string) {
  const { [name]: forgotten, ...rest } = contexts.value;
  void forgotten;
  contexts.value = rest;
  localStorage.setItem(key, JSON.stringify(rest));
}
