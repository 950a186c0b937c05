import { Field } from './field';

interface Props {
  word: string;
  /** What typing it is for: "to delete it". */
  purpose: string;
  error?: string;
  onTyped: (isRight: boolean) => void;
}

/** Asks for a word to be typed, so that nobody does by habit what this is about. */
export function TypedWord({ word, purpose, error, onTyped }: Props) {
  return (
    <Field label={`Type ${word} ${purpose}`} error={error}>
      <input spellcheck={false} autoComplete="off" onInput={(event) => onTyped(event.currentTarget.value === word)} />
    </Field>
  );
}
