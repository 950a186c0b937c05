import type { Flag } from '../../api/client';

export type Mark = 'stale' | 'never used';

const graceMillis = 86_400_000;
const staleMillis = 7 * graceMillis;

/** Why somebody should look at a flag; a flag that was made today is given time. */
export function marksOf(flag: Flag, lastUse: ReadonlyMap<string, string> | null): Mark[] {
  const marks: Mark[] = [];
  const age = Date.now() - Date.parse(flag.createdAt);
  const used = lastUse?.get(flag.key);
  const isOverdue = flag.expectedRemoval !== undefined && Date.parse(String(flag.expectedRemoval)) < Date.now();
  const isForgotten = used !== undefined && Date.now() - Date.parse(used) > staleMillis;
  if (isOverdue || isForgotten) marks.push('stale');
  if (lastUse && !used && age > graceMillis) marks.push('never used');
  return marks;
}
