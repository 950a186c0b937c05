// Counts by hour, as columns of a chart.
import type { HourCount } from '../api/client';

export interface Span {
  name: string;
  hours: number;
  columns: number;
}

export const spans: Span[] = [
  { name: '24 hours', hours: 24, columns: 24 },
  { name: '7 days', hours: 7 * 24, columns: 28 },
  { name: '30 days', hours: 30 * 24, columns: 30 },
];

export interface Column {
  begin: number;
  /** By variant. */
  counts: Map<string, number>;
  total: number;
}

const hourMillis = 3_600_000;

/** The first instant of a span that ends with the hour that is now. */
export function beginOf(span: Span): number {
  return (Math.floor(Date.now() / hourMillis) + 1 - span.hours) * hourMillis;
}

export function columnsOf(span: Span, counts: HourCount[]): Column[] {
  const begin = beginOf(span);
  const width = (span.hours / span.columns) * hourMillis;
  const columns = Array.from({ length: span.columns }, (_, i) => ({ begin: begin + i * width, counts: new Map<string, number>(), total: 0 }));
  for (const { hour, variant, evaluations } of counts) {
    const column = columns[Math.floor((Date.parse(hour) - begin) / width)];
    if (!column) continue;
    column.counts.set(variant, (column.counts.get(variant) ?? 0) + evaluations);
    column.total += evaluations;
  }
  return columns;
}

/** Sums by reason, the largest first. */
export function reasonsOf(counts: HourCount[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const { reason, evaluations } of counts) sums.set(reason, (sums.get(reason) ?? 0) + evaluations);
  return [...sums].sort(([, a], [, b]) => b - a);
}
