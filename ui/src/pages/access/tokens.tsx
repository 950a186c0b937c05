import { useSignal } from '@preact/signals';
import type { Token } from '../../api/client';
import { Field } from '../../parts/field';
import { Show, useLoaded } from '../../parts/loaded';
import { notify, tellProblem } from '../../parts/notices';
import { ShownOnce } from '../../parts/shown-once';
import { Time } from '../../parts/time';

/** How tokens of one place are read and changed. */
export interface TokenSource {
  list: () => Promise<Token[]>;
  /** Answers the secret, as `rotate` does. */
  make: (token: { name: string; kind: string; expiresAt?: string }) => Promise<string>;
  rotate: (id: number) => Promise<string>;
  end: (id: number) => Promise<unknown>;
}

interface Props {
  title: string;
  source: TokenSource;
  /** Kinds, and what each may do. */
  kinds: [string, string][];
  place: string;
}

/** The tokens of a place: made, rotated, ended. */
export function Tokens({ title, source, kinds, place }: Props) {
  const secret = useSignal('');
  const loaded = useLoaded(source.list, [place], ['token']);

  async function change(what: string, done: () => Promise<unknown>) {
    try {
      const told = await done();
      if (typeof told === 'string') secret.value = told;
      await loaded.again(); // whoever reads that it is done may go on with what is shown
      if (typeof told !== 'string') notify(what);
    } catch (problem) {
      tellProblem(`Not done: ${what}`, problem);
    }
  }

  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <Show loaded={loaded}>
        {(tokens) => (
          <div class="wide-table" tabIndex={0} role="region" aria-label={`${title}, list`}>
            <table>
              <caption class="unseen">{title}</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Kind</th>
                  <th scope="col">Ends with</th>
                  <th scope="col">Last used</th>
                  <th scope="col">Expires</th>
                  <th scope="col">
                    <span class="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {tokens.map(({ id, name, kind, last4, lastUsedAt, expiresAt }) => (
                  <tr key={id}>
                    <th scope="row" dir="auto">
                      {name}
                    </th>
                    <td>{kind}</td>
                    <td>
                      <code>…{last4}</code>
                    </td>
                    <td>{lastUsedAt ? <Time at={lastUsedAt} short /> : 'never'}</td>
                    <td>{expiresAt ? <Time at={expiresAt} /> : 'never'}</td>
                    <td class="actions">
                      <button type="button" aria-label={`Rotate ${name}`} onClick={() => change(`rotate ${name}`, () => source.rotate(id))}>
                        Rotate
                      </button>
                      <button type="button" class="danger" aria-label={`End ${name}`} onClick={() => change(`${name} is ended`, () => source.end(id))}>
                        End
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Show>
      <NewToken title={title} kinds={kinds} onSubmit={(token) => change(`make ${token.name}`, () => source.make(token))} />
      {secret.value && (
        <ShownOnce title="A new secret" secret={secret.value} onClose={() => (secret.value = '')}>
          It is shown this once: the store keeps only its hash. After a rotation the old one works for another day.
        </ShownOnce>
      )}
    </section>
  );
}

interface FormProps {
  title: string;
  kinds: [string, string][];
  onSubmit: (token: { name: string; kind: string; expiresAt?: string }) => Promise<void>;
}

function NewToken({ title, kinds, onSubmit }: FormProps) {
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    const expires = String(form.get('expires'));
    await onSubmit({
      name: String(form.get('name')).trim(),
      kind: String(form.get('kind')),
      ...(expires && { expiresAt: new Date(expires).toISOString() }),
    });
    element.reset();
  }
  return (
    <form class="card below" aria-label={`New: ${title}`} onSubmit={submit}>
      <Field label="Name" hint="Who has it, so that it can be ended one day.">
        <input name="name" required dir="auto" />
      </Field>
      <Field label="Kind">
        <select name="kind">
          {kinds.map(([kind, may]) => (
            <option key={kind} value={kind}>{`${kind}: ${may}`}</option>
          ))}
        </select>
      </Field>
      <Field label="Expires" hint="Never, when this is empty.">
        <input name="expires" type="datetime-local" />
      </Field>
      <button type="submit" class="primary">
        Make it
      </button>
    </form>
  );
}
