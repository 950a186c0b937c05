// Which rows of a long list are worth making: those in view, and a few around them.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

const narrow = matchMedia('(max-width: 760px)');
const spare = 8;

export interface Window {
  first: number;
  end: number;
  rowHeight: number;
}

/** `heights` are those of a row on wide and narrow pages, in pixels. */
export function useWindow<E extends HTMLElement>(count: number, heights: [number, number]) {
  const list = useRef<E>(null);
  const view = useSignal<Window>({ first: 0, end: 2 * spare, rowHeight: heights[0] });

  function measure() {
    if (!list.current) return;
    const rowHeight = narrow.matches ? heights[1] : heights[0];
    const above = -list.current.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(above / rowHeight) - spare);
    const end = Math.ceil((above + innerHeight) / rowHeight) + spare;
    const now = view.value;
    if (now.first !== first || now.end !== end || now.rowHeight !== rowHeight) view.value = { first, end, rowHeight };
  }

  useEffect(() => {
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [count]);

  /** Scrolls so that a row is there to be focused. */
  function reveal(index: number) {
    const { rowHeight } = view.value;
    const top = list.current!.getBoundingClientRect().top + scrollY + index * rowHeight;
    if (top < scrollY + 2 * rowHeight) scrollTo({ top: top - 4 * rowHeight });
    else if (top + 2 * rowHeight > scrollY + innerHeight) scrollTo({ top: top - innerHeight + 4 * rowHeight });
    measure();
  }

  const first = Math.min(view.value.first, Math.max(0, count - 1));
  const end = Math.min(count, Math.max(view.value.end, first + spare));
  return { list, first, end, rowHeight: view.value.rowHeight, reveal };
}
