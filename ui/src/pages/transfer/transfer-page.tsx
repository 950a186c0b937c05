import { useSignal } from '@preact/signals';
import { api, ask, type ImportSummary } from '../../api/client';
import { mayEdit } from '../../app/session';
import { isLoaded, loadAll } from '../../model/flag-list';
import { chosenEnvironment, EnvironmentChoice } from '../../parts/environment-choice';
import { Field } from '../../parts/field';
import { notify, tellProblem } from '../../parts/notices';
import { askReason, commentOf } from '../../parts/reason-dialog';
import { PageHeading } from '../../parts/page-heading';

const formats: [string, string][] = [
  ['native', 'pennon'],
  ['flagd', 'flagd'],
  ['unleash', 'Unleash'],
];

/** A whole flag set into an environment, tried first, or out of it. */
export function TransferPage() {
  const environment = chosenEnvironment.value;
  return (
    <>
      <PageHeading title="Import and export">
        <EnvironmentChoice />
      </PageHeading>
      <section class="card below">
        <h2>Export</h2>
        <p>Flags and segments of {environment} as one document, for another store, a daemon’s bootstrap file, or a repository.</p>
        <button type="button" onClick={() => save(environment)}>
          Save {environment}.json
        </button>
      </section>
      {mayEdit(environment) && <Import key={environment} environment={environment} />}
    </>
  );
}

async function save(environment: string) {
  try {
    const set = await ask(api.GET('/api/v1/environments/{environment}/export', { params: { path: { environment } } }));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(set, null, 2)], { type: 'application/json' }));
    link.download = `${environment}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href));
  } catch (problem) {
    tellProblem('Not exported', problem);
  }
}

function Import({ environment }: { environment: string }) {
  const text = useSignal('');
  const format = useSignal('native');
  const error = useSignal('');
  const tried = useSignal<ImportSummary | null>(null);

  /** What is done is what was tried: a change of the text or the format needs another try. */
  const change = (set: () => void) => {
    set();
    tried.value = null;
    error.value = '';
  };
  async function load(dryRun: boolean) {
    error.value = '';
    const comment = dryRun ? 'a try' : await askReason('Import', [environment]);
    if (comment === undefined) return;
    try {
      const params = { path: { environment }, query: { from: format.value, dryRun: dryRun || undefined, ...commentOf(comment) } };
      const body = JSON.parse(text.value) as never;
      const summary = await ask(api.POST('/api/v1/environments/{environment}/import', { params, body }));
      tried.value = dryRun ? summary : null;
      if (dryRun) return;
      text.value = '';
      notify(`Imported into ${environment}: revision ${summary.revision}`);
      if (isLoaded.value) await loadAll();
    } catch (problem) {
      error.value = (problem as Error).message;
    }
  }
  async function take(file: File | undefined) {
    if (!file) return;
    const read = await file.text();
    change(() => (text.value = read));
  }

  return (
    <section class="card below" aria-label="Import">
      <h2>Import</h2>
      <p>Flags and segments of the document are made or changed; others stay as they are.</p>
      <Field label="File">
        <input type="file" accept=".json,application/json" onChange={(event) => take(event.currentTarget.files?.[0])} />
      </Field>
      <Field label="Format">
        <select value={format.value} onChange={(event) => change(() => (format.value = event.currentTarget.value))}>
          {formats.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Document" error={error.value}>
        <textarea rows={10} spellcheck={false} value={text.value} onInput={(event) => change(() => (text.value = event.currentTarget.value))} />
      </Field>
      {tried.value && <Summary summary={tried.value} />}
      <p class="actions">
        <button type="button" disabled={!text.value} onClick={() => load(true)}>
          Try it
        </button>
        <button type="button" class="primary" disabled={!tried.value} onClick={() => load(false)}>
          Import
        </button>
      </p>
    </section>
  );
}

function Summary({ summary }: { summary: ImportSummary }) {
  const rows = (['flags', 'segments'] as const).flatMap((kind) =>
    (['created', 'updated', 'unchanged'] as const).map((what) => ({ kind, what, keys: summary[kind][what] })),
  );
  return (
    <ul aria-label="What the import would do">
      {rows
        .filter(({ keys }) => keys.length > 0)
        .map(({ kind, what, keys }) => (
          <li key={kind + what} dir="auto">
            {keys.length} {kind} {what}: {keys.slice(0, 20).join(', ')}
            {keys.length > 20 && ' and others'}
          </li>
        ))}
    </ul>
  );
}
