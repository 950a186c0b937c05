import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';

type Props = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'value' | 'onInput' | 'onBlur' | 'onChange'> & {
  value: string | number;
  /** When it is left, or Enter is pressed. */
  onChange: (event: { currentTarget: HTMLInputElement }) => void;
};

/** An input that is not told of each letter: what is typed stays until it is left, whatever is drawn anew meanwhile. */
export function TypedInput({ value, ...rest }: Props) {
  const typed = useSignal<string | null>(null);
  return (
    <input
      {...rest}
      value={typed.value ?? value}
      onInput={(event) => (typed.value = event.currentTarget.value)}
      onBlur={() => (typed.value = null)}
    />
  );
}
