// What has just happened, told at the foot of the page and to screen readers.
import { signal } from '@preact/signals';

interface Notice {
  id: number;
  text: string;
  kind: 'done' | 'failed';
  undo?: () => void;
}

const notices = signal<Notice[]>([]);
let lastId = 0;
const shownMillis = 8000;

export function notify(text: string, kind: Notice['kind'] = 'done', undo?: () => void) {
  const id = ++lastId;
  notices.value = [...notices.value.slice(-2), { id, text, kind, undo }];
  setTimeout(() => dismiss(id), kind === 'failed' ? 3 * shownMillis : shownMillis);
}

export function tellProblem(what: string, problem: unknown) {
  notify(`${what}: ${problem instanceof Error ? problem.message : String(problem)}`, 'failed');
}

function dismiss(id: number) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.kind}`}>
          <span dir="auto">{notice.text}</span>
          {notice.undo && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                dismiss(notice.id);
                notice.undo!();
              }}
            >
              Undo
            </button>
          )}
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
