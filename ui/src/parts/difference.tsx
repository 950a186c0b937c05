interface Props {
  found: { words: string[]; patch: unknown[] };
}

/** In words, and for those who want it as a JSON Patch. */
export function Difference({ found }: Props) {
  if (found.words.length === 0) return <p class="muted">Nothing is different.</p>;
  return (
    <div class="difference">
      <ul>
        {found.words.map((word, index) => (
          <li key={index} dir="auto">
            {word}
          </li>
        ))}
      </ul>
      <details>
        <summary>As a JSON Patch</summary>
        <pre tabIndex={0} aria-label="JSON Patch">
          {JSON.stringify(found.patch, null, 2)}
        </pre>
      </details>
    </div>
  );
}
