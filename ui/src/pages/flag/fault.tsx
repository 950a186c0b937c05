// What the store refuses, told at the field that it is about.
import { useLayoutEffect } from 'preact/hooks';
import { useEditing } from './context';

export const faultId = (place: string) => 'fault-' + place.replace(/[^a-z0-9]/gi, '-');

export interface FieldFault {
  message: string;
  /** For the input itself. */
  field: { 'aria-invalid'?: 'true'; 'aria-describedby'?: string };
  id: string;
}

/** What is wrong at a field that stands for these places of the document. */
export function useFault(...places: string[]): FieldFault {
  const { draft } = useEditing();
  useLayoutEffect(() => draft.faults.show(places), [places.join(' ')]);
  const fault = draft.faults.now.value;
  if (!fault?.place || !places.includes(fault.place)) return { message: '', field: {}, id: '' };
  const id = faultId(fault.place);
  return { message: fault.message, field: { 'aria-invalid': 'true', 'aria-describedby': id }, id };
}

export function FaultText({ of }: { of: FieldFault }) {
  if (!of.message) return null;
  return (
    <span class="error fault" role="alert" id={of.id} dir="auto">
      {of.message}
    </span>
  );
}

/** Where a place has no field of its own. */
export function FaultAt({ place }: { place: string }) {
  return <FaultText of={useFault(place)} />;
}
