import type { ComponentChildren } from 'preact';

interface Props {
  label: string;
  hint?: string;
  error?: string;
  children: ComponentChildren;
}

export function Field({ label, hint, error, children }: Props) {
  return (
    <label class="field">
      <span class="name">{label}</span>
      {children}
      {hint && <span class="hint">{hint}</span>}
      {error && (
        <span class="error" role="alert">
          {error}
        </span>
      )}
    </label>
  );
}
