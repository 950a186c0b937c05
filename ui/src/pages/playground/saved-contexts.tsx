import { useSignal, type Signal } from '@preact/signals';
import { contexts, forgetContext, saveContext } from './contexts';

/** Named examples: one click brings them back. */
export function SavedContexts({ context }: { context: Signal<string> }) {
  const name = useSignal('');
  function save() {
    saveContext(name.value.trim(), context.value);
    name.value = '';
  }
  return (
    <div class="actions" role="group" aria-label="Saved contexts">
      {Object.entries(contexts.value).map(([saved, text]) => (
        <span key={saved} class="pair">
          <button type="button" dir="auto" onClick={() => (context.value = text)}>
            {saved}
          </button>
          <button type="button" class="quiet" aria-label={`Forget ${saved}`} onClick={() => forgetContext(saved)}>
            ✕
          </button>
        </span>
      ))}
      <input
        aria-label="Name for this context"
        placeholder="name"
        dir="auto"
        value={name.value}
        onInput={(event) => (name.value = event.currentTarget.value)}
      />
      <button type="button" disabled={!name.value.trim()} onClick={save}>
        Save context
      </button>
    </div>
  );
}
