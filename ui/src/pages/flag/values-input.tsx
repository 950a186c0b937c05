import { useSignal } from '@preact/signals';
import type { Value } from '../../model/definition';
import { isSame } from '../../model/difference';
import type { FieldFault } from './fault';
import { formatValues, parseValues } from '../../model/values';

interface Props {
  label: string;
  values: Value[];
  fault: FieldFault;
  placeholder?: string;
  onChange: (values: Value[]) => void;
}

/** A list of values as text; the text is left alone as long as it says what the list has. */
export function ValuesInput({ label, values, fault, placeholder, onChange }: Props) {
  const typed = useSignal(formatValues(values));
  const text = isSame(parseValues(typed.value), values) ? typed.value : formatValues(values);
  return (
    <input
      class="values"
      aria-label={label}
      {...fault.field}
      placeholder={placeholder}
      dir="auto"
      spellcheck={false}
      value={text}
      onInput={(event) => {
        typed.value = event.currentTarget.value;
        onChange(parseValues(typed.value));
      }}
    />
  );
}
