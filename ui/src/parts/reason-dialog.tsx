// A protected environment wants to know why it is changed, and its key typed: asked here for every change that has no form of its
// own.
import { signal, useSignal } from '@preact/signals';
import { environments as known, isProtected, loadEnvironments } from '../model/flag-list';
import { Dialog } from './dialog';
import { Field } from './field';
import { Lock } from './lock';
import { TypedWord } from './typed-word';

interface Asked {
  what: string;
  keys: string[];
  comment: string;
  answer: (comment: string | undefined) => void;
}

const asked = signal<Asked | null>(null);

/** The comment for a change of these environments, at once when none of them is protected; undefined when it is not to be made. */
export async function askReason(what: string, environments: string[], comment = ''): Promise<string | undefined> {
  // A page may be quicker than they are; where they are not to be had, the store says what is missing.
  if (known.value.length === 0) await loadEnvironments().catch(() => {});
  const keys = environments.filter(isProtected);
  if (keys.length === 0) return comment;
  return new Promise((answer) => (asked.value = { what, keys, comment, answer }));
}

/** As part of a request's query. */
export const commentOf = (comment: string) => (comment ? { comment } : {});

export function ReasonDialog() {
  return asked.value && <Ask {...asked.value} />;
}

function Ask({ what, keys, comment, answer }: Asked) {
  const isTyped = useSignal(false);
  function end(given: string | undefined) {
    asked.value = null;
    answer(given);
  }
  function submit(event: SubmitEvent) {
    event.preventDefault();
    end(String(new FormData(event.target as HTMLFormElement).get('comment')).trim());
  }
  return (
    <Dialog title={what} onClose={() => end(undefined)}>
      <form onSubmit={submit}>
        <p>
          <Lock /> <strong>{keys.join(', ')}</strong> {keys.length > 1 ? 'are' : 'is'} protected: each change says why.
        </p>
        <Field label="Comment" hint="Kept in the audit log.">
          <input name="comment" dir="auto" required pattern=".*\S.*" maxLength={1000} defaultValue={comment} autoFocus />
        </Field>
        <TypedWord word={keys.join(', ')} purpose="to confirm" onTyped={(is) => (isTyped.value = is)} />
        <button type="submit" class="primary" disabled={!isTyped.value}>
          {what}
        </button>
      </form>
    </Dialog>
  );
}
