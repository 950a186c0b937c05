import { useEditing } from './context';

/** The document itself: what is typed here is in the form, and the other way round. */
export function RawDocument() {
  const { draft, isReadOnly } = useEditing();
  const error = draft.textError.value || draft.problem.value?.message;
  return (
    <section class="card raw-document">
      <h2 id="document">Document</h2>
      <textarea
        aria-labelledby="document"
        aria-invalid={!!error}
        spellcheck={false}
        readOnly={isReadOnly}
        rows={28}
        value={draft.text.value}
        onInput={(event) => draft.changeText(event.currentTarget.value)}
      />
      {error && <p class="error">{error}</p>}
    </section>
  );
}
