// What the store refuses of a form: told at the field that it is about, else where the form ends.
import { useSignal } from '@preact/signals';
import { Problem } from '../api/client';

export interface FormFault {
  /** Forgets the last one. */
  clear: () => void;
  /** `field` is the one that is wrong where the error itself does not say. */
  set: (error: unknown, field?: string) => void;
  at: (field: string) => string;
  /** What no field tells. */
  rest: string;
}

/** `fields` are named as the members of the request's document. */
export function useFormFault(...fields: string[]): FormFault {
  const fault = useSignal<{ field: string; text: string } | null>(null);
  return {
    clear: () => (fault.value = null),
    set(error, field = '') {
      const { message } = error as Error;
      const pointer = error instanceof Problem ? error.pointer : '';
      const named = pointer.split(/[.[]/)[0] || field;
      const start = `${named}: `;
      fault.value = { field: named, text: message.startsWith(start) ? message.slice(start.length) : message };
    },
    at: (field) => (fault.value?.field === field ? fault.value.text : ''),
    rest: fault.value && !fields.includes(fault.value.field) ? fault.value.text : '',
  };
}

export function FormError({ of }: { of: FormFault }) {
  if (!of.rest) return null;
  return (
    <p class="error" role="alert">
      {of.rest}
    </p>
  );
}
