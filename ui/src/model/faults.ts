// Where an error of the store belongs: at the field for the place that it names, or at the nearest one around it.
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Problem } from '../api/client';

export interface Fault {
  /** In the document: "rules[2].when.values[0]"; empty when it is about something else. */
  pointer: string;
  /** Of the field that shows it; empty when none does. */
  place: string;
  message: string;
}

/** "rules[2].when" for "rules[2].when[0]" and "rules[2].when.values"; empty at the end. */
const around = (place: string) => place.slice(0, Math.max(0, place.lastIndexOf('.'), place.lastIndexOf('[')));

/** What is wrong, without the place that the field stands for; of several values it says which. */
function wordsOf(problem: Problem, inside: string): string {
  const start = problem.pointer + ': ';
  const words = problem.message.startsWith(start) ? problem.message.slice(start.length) : problem.message;
  const index = /\[(\d+)\]$/.exec(inside);
  return index ? `No. ${Number(index[1]) + 1}: ${words}` : words;
}

/** The fields that are there, and which of them shows what the store refuses. */
export class Faults {
  private readonly places = new Map<string, number>();
  private readonly turn = signal(0);
  readonly now: ReadonlySignal<Fault | null>;

  /** `own` begins the pointers that the store makes when another environment is touched, too. */
  constructor(problem: ReadonlySignal<Problem | null>, own: () => string) {
    this.now = computed(() => {
      void this.turn.value;
      const it = problem.value;
      if (!it) return null;
      const start = own();
      const pointer = it.pointer.startsWith(start) ? it.pointer.slice(start.length) : it.pointer;
      let place = pointer;
      while (place && !this.places.has(place)) place = around(place);
      return { pointer, place, message: place ? wordsOf(it, pointer.slice(place.length)) : it.message };
    });
  }

  /** A field is there for these places, until the returned function is called. */
  show(places: string[]): () => void {
    const count = (by: number) => {
      for (const place of places) {
        const left = (this.places.get(place) ?? 0) + by;
        if (left > 0) this.places.set(place, left);
        else this.places.delete(place);
      }
      this.turn.value = this.turn.peek() + 1;
    };
    count(1);
    return () => count(-1);
  }

  /** Whether something inside of a place is wrong. */
  isWithin(place: string): boolean {
    const pointer = this.now.value?.pointer ?? '';
    return pointer.startsWith(place) && /^($|[.[])/.test(pointer.slice(place.length));
  }
}
