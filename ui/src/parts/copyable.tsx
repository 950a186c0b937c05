import { useSignal } from '@preact/signals';

/** A text to be used elsewhere. */
export function Copyable({ text }: { text: string }) {
  const isCopied = useSignal(false);
  async function copy() {
    await navigator.clipboard.writeText(text);
    isCopied.value = true;
  }
  return (
    <div class="copyable">
      <pre tabIndex={0} aria-label="Command">
        {text}
      </pre>
      <button type="button" onClick={copy}>
        {isCopied.value ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
