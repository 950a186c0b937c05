import { environments } from '../../model/flag-list';
import { Lock } from '../../parts/lock';
import { useWindow } from '../../parts/rows';
import { found } from './filters';
import { FlagRow } from './flag-row';

/** Of a row on wide and narrow pages, in pixels; flags.css makes them so. */
const heights: [number, number] = [52, 124];

function switchesOf(row: Element | null): HTMLElement[] {
  return [...(row?.querySelectorAll<HTMLElement>('[role=switch]') ?? [])];
}

/** Rows are made as they come into view; arrow keys go from switch to switch, and back to the search. */
export function FlagTable() {
  const flags = found.value;
  const { list, first, end, rowHeight, reveal } = useWindow<HTMLTableSectionElement>(flags.length, heights);

  function focus(row: number, column: number) {
    reveal(row);
    // The rows of the new place are made with the next frame.
    requestAnimationFrame(() => {
      switchesOf(list.current!.querySelector(`[data-row="${row}"]`))[column]?.focus();
    });
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    const row = (event.target as Element).closest<HTMLElement>('[data-row]');
    const column = switchesOf(row).indexOf(event.target as HTMLElement);
    if (!step || !row || column < 0) return;
    event.preventDefault();
    const nextRow = Number(row.dataset.row) + step[0]!;
    if (nextRow < 0) document.getElementById('search')?.focus();
    else if (nextRow < flags.length) focus(nextRow, Math.max(0, column + step[1]!));
  }

  return (
    <table class="flags" aria-rowcount={flags.length + 1}>
      <caption class="unseen">Flags and their state in every environment</caption>
      <thead>
        <tr>
          <th scope="col">Flag</th>
          <th scope="col">Labels</th>
          <th scope="col">Owner</th>
          <th scope="col">Last used</th>
          {environments.value.map(({ key, name, protected: isProtected }) => (
            <th key={key} scope="col" class="state" title={key}>
              {name || key} {isProtected && <Lock />}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={list} onKeyDown={onKeyDown}>
        <Space rows={first} rowHeight={rowHeight} />
        {flags.slice(first, end).map((flag, index) => (
          <FlagRow key={flag.key} flag={flag} index={first + index} />
        ))}
        <Space rows={flags.length - end} rowHeight={rowHeight} />
      </tbody>
    </table>
  );
}

/** In the place of the rows that are not made. */
function Space({ rows, rowHeight }: { rows: number; rowHeight: number }) {
  return rows > 0 ? <tr class="space" aria-hidden="true" style={{ height: `${rows * rowHeight}px` }} /> : null;
}
