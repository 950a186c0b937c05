import { useEditing } from './context';
import { ServeEditor } from './serve';

/** What is served when nothing else decides, and when the flag is off. */
export function Fallback() {
  const { draft, variants } = useEditing();
  const { default: serve, offVariant } = draft.document.value;
  const error = draft.errorAt('default') || draft.errorAt('offVariant');
  return (
    <section class="card">
      <h2>Everybody else</h2>
      <ServeEditor place="the default" serve={serve} onChange={(next) => draft.change({ default: next })} />
      <label class="serve">
        <span class="lead">when off, serve</span>
        <select
          aria-label="Off variant"
          value={offVariant ?? ''}
          onChange={(event) => draft.change({ offVariant: event.currentTarget.value || undefined })}
        >
          <option value="">the caller’s default</option>
          {variants.map((variant) => (
            <option key={variant}>{variant}</option>
          ))}
        </select>
      </label>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </section>
  );
}
