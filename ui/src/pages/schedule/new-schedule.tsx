import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, ask } from '../../api/client';
import { flags, isLoaded, loadAll } from '../../model/flag-list';
import { Field } from '../../parts/field';
import { FormError, useFormFault } from '../../parts/form-fault';
import { notify, tellProblem } from '../../parts/notices';
import { askReason, commentOf } from '../../parts/reason-dialog';

const changes: Record<string, { name: string; instructions: { kind: string }[] }> = {
  on: { name: 'is turned on', instructions: [{ kind: 'turnOn' }] },
  off: { name: 'is turned off', instructions: [{ kind: 'turnOff' }] },
};

interface Props {
  environment: string;
  onMade: () => Promise<void>;
}

/** A change at an instant: on, off, or whatever a merge patch says. */
export function NewSchedule({ environment, onMade }: Props) {
  const fault = useFormFault('flag', 'at', 'change', 'comment');
  const what = useSignal('on');
  useEffect(() => {
    if (!isLoaded.value) void loadAll().catch((problem) => tellProblem('No flags', problem));
  }, []);
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    const text = (name: string) => String(form.get(name)).trim();
    fault.clear();
    try {
      const named = changes[what.value];
      const patch = named ? null : (JSON.parse(text('patch')) as unknown);
      const comment = await askReason('Schedule it', [environment], text('comment'));
      if (comment === undefined) return;
      const change = named ? { instructions: named.instructions, ...commentOf(comment) } : patch;
      const body = { flag: text('flag'), at: new Date(text('at')).toISOString(), change };
      const params = { path: { environment }, query: commentOf(comment) };
      await ask(api.POST('/api/v1/environments/{environment}/schedules', { params, body: body as never }));
      notify(`${body.flag} will change`);
      element.reset();
      what.value = 'on';
      await onMade();
    } catch (problem) {
      fault.set(problem, problem instanceof SyntaxError ? 'change' : '');
    }
  }
  return (
    <form class="card below" aria-label="New change" onSubmit={submit}>
      <h2>New change</h2>
      <Field label="Flag" error={fault.at('flag')}>
        <input name="flag" required list="flags-to-schedule" spellcheck={false} autoComplete="off" />
      </Field>
      <datalist id="flags-to-schedule">
        {flags.value.map(({ key }) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <Field label="When" hint="In this browser’s time." error={fault.at('at')}>
        <input name="at" type="datetime-local" required />
      </Field>
      <Field label="What" error={what.value === 'patch' ? '' : fault.at('change')}>
        <select value={what.value} onChange={(event) => (what.value = event.currentTarget.value)}>
          {Object.entries(changes).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
          <option value="patch">is changed by a merge patch</option>
        </select>
      </Field>
      {what.value === 'patch' && (
        <Field label="Merge patch" hint='As {"default": {"variant": "on"}}.' error={fault.at('change')}>
          <textarea name="patch" rows={5} spellcheck={false} required />
        </Field>
      )}
      <Field label="Comment" error={fault.at('comment')}>
        <input name="comment" dir="auto" />
      </Field>
      <FormError of={fault} />
      <button type="submit" class="primary">
        Schedule it
      </button>
    </form>
  );
}
