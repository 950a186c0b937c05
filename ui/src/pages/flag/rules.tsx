import { useSignal } from '@preact/signals';
import type { Rule } from '../../model/definition';
import { useEditing } from './context';
import { FaultAt } from './fault';
import { RuleCard } from './rule-card';

function moved<T>(list: T[], from: number, to: number): T[] {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

function newId(rules: Rule[]): string {
  const taken = new Set(rules.map(({ id }) => id));
  let number = rules.length + 1;
  while (taken.has(`rule-${number}`)) ++number;
  return `rule-${number}`;
}

/** Tried from the first to the last; moved by dragging or with the arrows. */
export function Rules() {
  const { draft, variants } = useEditing();
  const dragged = useSignal(-1);
  const said = useSignal('');
  const rules = draft.document.value.rules ?? [];
  const put = (next: Rule[]) => draft.change({ rules: next.length > 0 ? next : undefined });

  function move(from: number, to: number) {
    if (to < 0 || to >= rules.length || from === to || from < 0) return;
    put(moved(rules, from, to));
    said.value = `Rule ${from + 1} is now rule ${to + 1} of ${rules.length}`;
  }

  function add() {
    const rule: Rule = { id: newId(rules), when: { all: [{ attr: 'country', op: 'in', values: [] }] }, serve: { variant: variants[0]! } };
    put([...rules, rule]);
  }

  return (
    <section class="card">
      <h2>Rules</h2>
      {rules.length === 0 && <p class="muted">No rule: everybody who is no target gets the default.</p>}
      <ol class="rules">
        {rules.map((rule, index) => (
          <li
            key={rule.id || index}
            onDragOver={(event) => event.preventDefault()}
            onDrop={() => move(dragged.value, index)}
          >
            <RuleCard
              rule={rule}
              index={index}
              count={rules.length}
              onChange={(next) => put(next ? rules.with(index, next) : rules.filter((_, i) => i !== index))}
              onMove={(by) => move(index, index + by)}
              onDrag={() => (dragged.value = index)}
            />
          </li>
        ))}
      </ol>
      <FaultAt place="rules" />
      <button type="button" onClick={add}>
        + Rule
      </button>
      <span class="unseen" role="status">
        {said.value}
      </span>
    </section>
  );
}
