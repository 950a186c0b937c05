// Lists of values as one types them: separated by commas or lines. Where numbers and booleans have a meaning of their own,
// a text that looks like one is written in quotes.
import type { Value } from './definition';

const isPlain = (text: string) => !/^("|-?\d|true$|false$)/.test(text) && !/[,\n]/.test(text) && text.trim() === text && text !== '';

export function formatValues(values: Value[]): string {
  return values.map((value) => (typeof value === 'string' && isPlain(value) ? value : JSON.stringify(value))).join(', ');
}

export function parseValues(text: string): Value[] {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[^,\n]+/g) ?? [];
  return parts.map((part) => part.trim()).filter(Boolean).map(parseOne);
}

function parseOne(part: string): Value {
  if (!/^("|-?\d|true$|false$)/.test(part)) return part;
  try {
    return JSON.parse(part) as Value;
  } catch {
    return part; // a version such as 1.2.3, a date, an address
  }
}
