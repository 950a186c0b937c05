// What a page asks the store for: loading, there, or not to be had.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { changesOf } from '../model/changes';

export interface Loaded<T> {
  value: T | null;
  failure: string;
  /** Until the newest answer is there. */
  again: () => Promise<void>;
}

/** Asks anew whenever one of `inputs` changes, or somebody changes something of `kinds` (docs/store-api.md, audit log); an answer
 * that is overtaken is dropped. */
export function useLoaded<T>(load: () => Promise<T>, inputs: unknown[], kinds: string[] = []): Loaded<T> {
  const value = useSignal<T | null>(null);
  const failure = useSignal('');
  const turn = useRef(0);
  const newest = useRef(Promise.resolve());
  async function take(mine: number): Promise<void> {
    const got = await load().then((it) => ({ it }), (problem: Error) => ({ problem }));
    if (mine !== turn.current) return newest.current;
    if ('it' in got) value.value = got.it;
    failure.value = 'it' in got ? '' : got.problem.message;
  }
  const again = () => (newest.current = take(++turn.current));
  useEffect(() => void again(), [...inputs, changesOf(kinds)]);
  return { value: value.value, failure: failure.value, again };
}

interface Props<T> {
  loaded: Loaded<T>;
  children: (value: T) => ComponentChildren;
}

export function Show<T>({ loaded, children }: Props<T>) {
  if (loaded.failure) {
    return (
      <p class="error" role="alert">
        {loaded.failure}{' '}
        <button type="button" onClick={loaded.again}>
          Try again
        </button>
      </p>
    );
  }
  return loaded.value === null ? <p class="muted loading">Loading…</p> : <>{children(loaded.value)}</>;
}
