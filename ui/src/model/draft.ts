// A configuration while somebody changes it: the form and the raw text are two views of one document. It is checked by the
// store as one types, and kept in this browser until it is saved.
import { computed, signal } from '@preact/signals';
import { api, ask, Problem, tagOf, type Config } from '../api/client';
import { documentOf, type Document } from './definition';
import { isSame, merge } from './difference';
import { Faults } from './faults';

const checkMillis = 300;
const checkAgainMillis = 3000;
const print = (document: Document) => JSON.stringify(document, null, 2);

const keyOf = (environment: string, flag: string) => `pennon.draft/${environment}/${flag}`;

/** What was not saved yet, if there is something. */
export function keptDraft(environment: string, flag: string): { base: Config; document: Document } | null {
  try {
    return JSON.parse(localStorage.getItem(keyOf(environment, flag)) ?? 'null');
  } catch {
    return null;
  }
}

export class Draft {
  readonly base;
  readonly document;
  /** The raw text; not the document's while it is no JSON. */
  readonly text;
  readonly textError = signal('');
  /** What the store says of the document. */
  readonly problem = signal<Problem | null>(null);
  /** The same, at the fields. */
  readonly faults = new Faults(this.problem, () => {
    const { environment, flag } = this.base.value;
    return `environments.${environment}.flags.${flag}.`;
  });
  /** Why it is not known what the store says. */
  readonly unchecked = signal('');
  /** What someone else has saved meanwhile, that does not go together by itself. */
  readonly theirs = signal<Config | null>(null);
  readonly isDirty;
  readonly wasKept: boolean;
  private timer = 0;
  private checks = 0;

  constructor(config: Config) {
    this.base = signal(config);
    const kept = keptDraft(config.environment, config.flag);
    this.wasKept = kept !== null;
    if (kept) this.base.value = kept.base;
    this.document = signal<Document>(kept?.document ?? documentOf(config));
    this.text = signal(print(this.document.value));
    this.isDirty = computed(() => !isSame(this.document.value, documentOf(this.base.value)) || this.textError.value !== '');
    if (!kept) return;
    this.rebase(config);
    this.checkAfter(0);
  }

  private get place() {
    const { environment, flag } = this.base.value;
    return { path: { environment, flag } };
  }

  private keep() {
    const { environment, flag } = this.base.value;
    const key = keyOf(environment, flag);
    if (this.isDirty.value) {
      localStorage.setItem(key, JSON.stringify({ base: this.base.value, document: this.document.value }));
    } else {
      localStorage.removeItem(key);
    }
  }

  change(changes: Partial<Document>) {
    const next: Record<string, unknown> = { ...this.document.value, ...changes };
    for (const key of Object.keys(next)) if (next[key] === undefined) delete next[key];
    this.put(next);
  }

  put(document: Document) {
    this.document.value = document;
    this.text.value = print(document);
    this.textError.value = '';
    this.changed();
  }

  changeText(text: string) {
    this.text.value = text;
    try {
      const read: unknown = JSON.parse(text);
      if (typeof read !== 'object' || read === null || Array.isArray(read)) throw new Error('expected an object');
      this.document.value = read;
      this.textError.value = '';
    } catch (error) {
      this.textError.value = (error as Error).message;
    }
    this.changed();
  }

  private changed() {
    this.keep();
    this.checkAfter(checkMillis);
  }

  /** Nobody looks at it any more. */
  leave() {
    clearTimeout(this.timer);
    ++this.checks;
  }

  private checkAfter(millis: number) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.check(), millis);
  }

  /** Asks the store's compiler; one that is not there to be asked leaves the last answer, and is asked again. */
  async check() {
    if (this.textError.value) return;
    const check = ++this.checks;
    try {
      await this.send(this.base.value.version, 'a draft', true);
      if (check === this.checks) this.take(null, '');
    } catch (caught) {
      const problem = caught as Problem;
      if (check !== this.checks) return;
      if (problem.status === 422) return this.take(problem, '');
      if (problem.status === 412) return this.take(null, ''); // told when it is saved
      this.unchecked.value = problem.message;
      if (this.isDirty.value) this.checkAfter(checkAgainMillis);
    }
  }

  private take(problem: Problem | null, unchecked: string) {
    this.problem.value = problem;
    this.unchecked.value = unchecked;
  }

  private send(version: number, comment: string, dryRun: boolean): Promise<Config> {
    const query = { ...(comment && { comment }), ...(dryRun && { dryRun: 'true' as const }) };
    return ask(
      api.PUT('/api/v1/environments/{environment}/flags/{flag}', {
        params: { ...this.place, header: tagOf(version), query: query as never },
        body: this.document.value as never,
      }),
    );
  }

  /** Throws a Problem; a version that is not the last one becomes `theirs`. */
  async save(comment: string): Promise<Config> {
    try {
      const saved = await this.send(this.base.value.version, comment, false);
      this.reset(saved);
      return saved;
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 412) this.theirs.value = problem.current as unknown as Config;
      throw problem;
    }
  }

  /** Takes what is in the store now, and forgets the draft. */
  reset(config: Config) {
    this.base.value = config;
    this.theirs.value = null;
    this.take(null, '');
    this.put(documentOf(config));
  }

  /** Someone saved meanwhile: what does not touch the draft is taken in, the rest is for the one who edits to decide. */
  rebase(config: Config) {
    if (config.version === this.base.value.version) return;
    if (!this.isDirty.value) return this.reset(config);
    const { merged, both } = merge(documentOf(this.base.value), this.document.value, documentOf(config));
    if (both.length > 0 || this.textError.value) {
      this.theirs.value = config;
    } else {
      this.base.value = config;
      this.put(merged);
    }
  }

  mergeTheirs() {
    const theirs = this.theirs.value!;
    const { merged } = merge(documentOf(this.base.value), this.document.value, documentOf(theirs));
    this.base.value = theirs;
    this.theirs.value = null;
    this.put(merged);
  }

  /** The next save replaces what they saved. */
  overwriteTheirs() {
    this.base.value = this.theirs.value!;
    this.theirs.value = null;
    this.changed();
  }
}
