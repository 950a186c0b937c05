import { useEditing } from './context';
import { FaultText, useFault } from './fault';
import { ServeEditor } from './serve';

/** What is served when nothing else decides, and when the flag is off. */
export function Fallback() {
  const { draft, variants } = useEditing();
  const { default: serve, offVariant } = draft.document.value;
  const fault = useFault('offVariant');
  return (
    <section class="card">
      <h2>Everybody else</h2>
      <ServeEditor place="the default" path="default" serve={serve} onChange={(next) => draft.change({ default: next })} />
      <label class="serve">
        <span class="lead">when off, serve</span>
        <select
          aria-label="Off variant"
          {...fault.field}
          value={offVariant ?? ''}
          onChange={(event) => draft.change({ offVariant: event.currentTarget.value || undefined })}
        >
          <option value="">the caller’s default</option>
          {variants.map((variant) => (
            <option key={variant}>{variant}</option>
          ))}
          {offVariant !== undefined && !variants.includes(offVariant) && <option value={offVariant}>{offVariant} (missing)</option>}
        </select>
      </label>
      <FaultText of={fault} />
    </section>
  );
}
