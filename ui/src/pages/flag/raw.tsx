import { useEditing } from './context';

/** The document itself: what is typed here is in the form, and the other way round. */
export function RawDocument() {
  const { draft, isReadOnly } = useEditing();
  // What a field tells is not told here again.
  const fault = draft.faults.now.value;
  const error = draft.textError.value || (fault?.place ? '' : fault?.message);
  return (
    <section class="card raw-document">
      <h2 id="document">Document</h2>
      <textarea
        aria-labelledby="document"
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={error ? 'document-error' : undefined}
        spellcheck={false}
        readOnly={isReadOnly}
        rows={28}
        value={draft.text.value}
        onInput={(event) => draft.changeText(event.currentTarget.value)}
      />
      {error && <p class="error" id="document-error">{error}</p>}
    </section>
  );
}
