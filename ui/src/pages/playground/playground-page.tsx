import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { route, setQuery } from '../../app/router';
import { keptDraft } from '../../model/draft';
import { explain, type Explanation } from '../../model/explanation';
import { flags, isLoaded, loadAll } from '../../model/flag-list';
import { chosenEnvironment, EnvironmentChoice } from '../../parts/environment-choice';
import { Field } from '../../parts/field';
import { tellProblem } from '../../parts/notices';
import { PageHeading } from '../../parts/page-heading';
import { firstContext } from './contexts';
import { SavedContexts } from './saved-contexts';
import { Why } from './why';

/** What a subject would get, and why: as it is, as a version had it, or as the unsaved draft would have it. */
export function PlaygroundPage() {
  const context = useSignal(firstContext);
  const error = useSignal('');
  const answer = useSignal<Explanation | null>(null);
  const { query } = route.value;
  const flag = query.get('flag') ?? flags.value[0]?.key ?? '';
  const as = query.get('as') ?? 'now';
  const environment = chosenEnvironment.value;
  const draft = keptDraft(environment, flag);

  useEffect(() => {
    if (!isLoaded.value) loadAll().catch((problem) => tellProblem('The flags cannot be read', problem));
  }, []);

  async function askNow(event: SubmitEvent) {
    event.preventDefault();
    const version = String(new FormData(event.target as HTMLFormElement).get('version') ?? '');
    error.value = '';
    try {
      answer.value = await explain(environment, {
        flag,
        context: JSON.parse(context.value),
        ...(as === 'draft' && draft && { draft: draft.document }),
        ...(as === 'version' && { version: Number(version) }),
      });
    } catch (problem) {
      answer.value = null;
      error.value = (problem as Error).message;
    }
  }

  return (
    <>
      <PageHeading title="Playground" />
      <div class="beside even">
        <form class="card" onSubmit={askNow}>
          <EnvironmentChoice />
          <Field label="Flag">
            <select value={flag} onChange={(event) => setQuery({ flag: event.currentTarget.value })}>
              {flags.value.map(({ key }) => (
                <option key={key}>{key}</option>
              ))}
            </select>
          </Field>
          <Field label="As it">
            <select value={as} onChange={(event) => setQuery({ as: event.currentTarget.value })}>
              <option value="now">is in force</option>
              <option value="version">was in a version</option>
              <option value="draft" disabled={!draft}>
                would be with my unsaved draft
              </option>
            </select>
          </Field>
          {as === 'version' && (
            <Field label="Version">
              <input name="version" type="number" min={1} required />
            </Field>
          )}
          <Field label="Context" error={error.value}>
            <textarea
              rows={8}
              spellcheck={false}
              value={context.value}
              onInput={(event) => (context.value = event.currentTarget.value)}
            />
          </Field>
          <SavedContexts context={context} />
          <button type="submit" class="primary" disabled={!flag}>
            Evaluate
          </button>
        </form>
        {answer.value ? <Why explanation={answer.value} /> : <p class="muted card">The answer, and why, will be here.</p>}
      </div>
    </>
  );
}
