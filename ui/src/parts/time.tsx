const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

export function ago(instant: string): string {
  const seconds = (Date.parse(instant) - Date.now()) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return 'just now';
}

/** Local time, and UTC on hover; `short` says how long ago instead. */
export function Time({ at, short = false }: { at: string; short?: boolean }) {
  const date = new Date(at);
  const local = date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const utc = date.toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
  return (
    <time dateTime={at} title={short ? `${local} (${utc})` : utc}>
      {short ? ago(at) : local}
    </time>
  );
}
