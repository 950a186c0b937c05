import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { go, linkTo } from '../../app/router';
import { mayEditAll } from '../../app/session';
import { flags, isLoaded, loadAll, loadUse } from '../../model/flag-list';
import { Dialog } from '../../parts/dialog';
import { found, Filters } from './filters';
import { FirstFlag } from './first-flag';
import { FlagTable } from './flag-table';
import { NewFlag } from './new-flag';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /INPUT|TEXTAREA|SELECT/.test(target.tagName);
}

function onSlash(event: KeyboardEvent) {
  if (event.key !== '/' || isTyping(event.target)) return;
  event.preventDefault();
  document.getElementById('search')?.focus();
}

export function FlagsPage() {
  const failure = useSignal('');
  const isFirst = useSignal(false);
  const isMaking = useSignal(false);
  const table = useRef<HTMLDivElement>(null);

  async function load() {
    try {
      await loadAll();
      isFirst.value = flags.value.length === 0;
      failure.value = '';
      await loadUse();
    } catch (problem) {
      failure.value = (problem as Error).message;
    }
  }

  useEffect(() => {
    document.title = 'Flags · pennon';
    void load();
    addEventListener('keydown', onSlash);
    return () => removeEventListener('keydown', onSlash);
  }, []);

  if (failure.value && !isLoaded.value) {
    return (
      <section class="empty">
        <h1>The flags cannot be read</h1>
        <p role="alert">{failure.value}</p>
        <button type="button" class="primary" onClick={load}>
          Try again
        </button>
      </section>
    );
  }
  if (!isLoaded.value) return <p class="muted loading">Loading…</p>;
  if (isFirst.value) return <FirstFlag onDone={() => (isFirst.value = false)} />;

  const count = found.value.length;
  return (
    <>
      <div class="heading">
        <h1>Flags</h1>
        <span class="muted" role="status">
          {count === flags.value.length ? count : `${count} of ${flags.value.length}`}
        </span>
        {mayEditAll.value && (
          <button type="button" class="primary" onClick={() => (isMaking.value = true)}>
            New flag
          </button>
        )}
      </div>
      <Filters onDown={() => table.current?.querySelector<HTMLElement>('[role=switch]')?.focus()} />
      <div ref={table}>{count > 0 ? <FlagTable /> : <p class="muted loading">No flag is like that.</p>}</div>
      {isMaking.value && (
        <Dialog title="New flag" onClose={() => (isMaking.value = false)}>
          <NewFlag onMade={(key) => go(linkTo('flags', key))} />
        </Dialog>
      )}
    </>
  );
}
