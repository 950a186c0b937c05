// What has just happened, told at the foot of the page and to screen readers.
import { signal } from '@preact/signals';
import { waitsUntil } from '../api/patience';

interface Notice {
  id: number;
  text: string;
  kind: 'done' | 'failed';
  action?: Action;
}

/** What may be done about it. */
interface Action {
  name: string;
  do: () => void;
}

const notices = signal<Notice[]>([]);
let lastId = 0;
const shownMillis = 8000;

export function notify(text: string, kind: Notice['kind'] = 'done', action?: Action) {
  const id = ++lastId;
  notices.value = [...notices.value.slice(-2), { id, text, kind, action }];
  setTimeout(() => dismiss(id), kind === 'failed' ? 3 * shownMillis : shownMillis);
}

/** `again` does once more what went wrong. */
export function tellProblem(what: string, problem: unknown, again?: () => void) {
  const text = `${what}: ${problem instanceof Error ? problem.message : String(problem)}`;
  notify(text, 'failed', again && { name: 'Try again', do: again });
}

function dismiss(id: number) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {waitsUntil.value > 0 && (
        <div class="notice">
          <span>Too many requests: going on in {Math.ceil((waitsUntil.value - Date.now()) / 1000)} s.</span>
        </div>
      )}
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.kind}`}>
          <span dir="auto">{notice.text}</span>
          {notice.action && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                dismiss(notice.id);
                notice.action!.do();
              }}
            >
              {notice.action.name}
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
