import { cloneElement, type ComponentChildren, type VNode } from 'preact';
import { useId } from 'preact/hooks';

interface Props {
  label: string;
  hint?: string;
  error?: string;
  /** The input, or the input and what belongs to it. */
  children: ComponentChildren;
}

const isInput = (child: ComponentChildren): child is VNode => typeof child === 'object' && child !== null && 'type' in child;

export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  const wrong = error ? { 'aria-invalid': 'true', 'aria-describedby': id } : {};
  return (
    <label class="field">
      <span class="name">{label}</span>
      {isInput(children) ? cloneElement(children, wrong) : children}
      {hint && <span class="hint">{hint}</span>}
      {error && (
        <span class="error" role="alert" id={id}>
          {error}
        </span>
      )}
    </label>
  );
}
