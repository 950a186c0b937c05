import { useSignal } from '@preact/signals';
import { api, ask, Problem, tagOf, type Flag } from '../../api/client';
import { go } from '../../app/router';
import { mayEditAll } from '../../app/session';
import { flags, protectedKeys, putFlag } from '../../model/flag-list';
import { removalDay, settingNames, settingsOf, settingsPatch, typedSettings } from '../../model/settings';
import { ConfirmDelete } from '../../parts/confirm-delete';
import { Field } from '../../parts/field';
import { FormError, useFormFault } from '../../parts/form-fault';
import { notify } from '../../parts/notices';
import { askReason, commentOf } from '../../parts/reason-dialog';
import { Meanwhile } from './meanwhile';

/** What all environments share of a flag. What is typed stays until it is saved, whatever others save meanwhile. */
export function Settings({ flag }: { flag: Flag }) {
  const fault = useFormFault(...settingNames);
  const isDeleting = useSignal(false);
  /** What the form was drawn from; null as long as nothing is typed. */
  const typedOver = useSignal<Flag | null>(null);
  const base = typedOver.value ?? flag;

  function drawAnew() {
    fault.clear();
    typedOver.value = null;
  }

  async function save(event: SubmitEvent) {
    event.preventDefault();
    fault.clear();
    try {
      const body = settingsPatch(settingsOf(base), typedSettings(new FormData(event.target as HTMLFormElement), base));
      const comment = await askReason(`Change the variants of ${flag.key}`, 'variants' in body ? protectedKeys.value : []);
      if (comment === undefined) return;
      const params = { path: { flag: flag.key }, header: tagOf(flag.version), query: commentOf(comment) };
      putFlag(await ask(api.PATCH('/api/v1/flags/{flag}', { params, body: body as never })));
      drawAnew();
      notify(`${flag.key} is saved`);
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 412 && problem.current) return putFlag(problem.current as unknown as Flag);
      fault.set(problem, problem instanceof SyntaxError ? 'variants' : '');
    }
  }

  return (
    <form class="card settings" onSubmit={save} key={base.version}>
      <fieldset disabled={!mayEditAll.value} onInput={() => (typedOver.value ??= flag)}>
        <legend class="unseen">What all environments share</legend>
        <Field label="Name" error={fault.at('name')}>
          <input name="name" dir="auto" defaultValue={base.name} />
        </Field>
        <Field label="Description" error={fault.at('description')}>
          <input name="description" dir="auto" defaultValue={base.description} />
        </Field>
        <Field label="Owner" error={fault.at('owner')}>
          <input name="owner" dir="auto" defaultValue={base.owner} />
        </Field>
        <Field label="Tags" hint="Separated by commas." error={fault.at('tags')}>
          <input name="tags" dir="auto" defaultValue={base.tags?.join(', ')} />
        </Field>
        <Field label="Lifecycle" error={fault.at('lifecycle')}>
          <select name="lifecycle">
            {['active', 'deprecated', 'archived'].map((one) => (
              <option key={one} selected={one === (base.lifecycle ?? 'active')}>
                {one}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Expected removal" hint="The flag is marked stale from then on." error={fault.at('expectedRemoval')}>
          <input type="date" name="expectedRemoval" defaultValue={removalDay(base)} />
        </Field>
        <Field label="Client side" hint="Pages and apps with a client key, which is no secret, may evaluate it.">
          <input type="checkbox" name="clientSide" defaultChecked={base.clientSide === true} />
        </Field>
        <Field label={`Variants (${flag.type})`} error={fault.at('variants')}>
          <textarea name="variants" rows={8} spellcheck={false} defaultValue={JSON.stringify(base.variants, null, 2)} />
        </Field>
        <FormError of={fault} />
        {base.version !== flag.version && <Meanwhile base={base} theirs={flag} onTake={drawAnew} />}
        <div class="actions">
          <button type="submit" class="primary">
            Save for all environments
          </button>
          <button type="button" class="danger" onClick={() => (isDeleting.value = true)}>
            Delete…
          </button>
        </div>
      </fieldset>
      {isDeleting.value && <Delete flag={flag} onClose={() => (isDeleting.value = false)} />}
    </form>
  );
}

function Delete({ flag, onClose }: { flag: Flag; onClose: () => void }) {
  async function remove(comment: string) {
    const params = { path: { flag: flag.key }, header: tagOf(flag.version), query: commentOf(comment) };
    await ask(api.DELETE('/api/v1/flags/{flag}', { params }));
    flags.value = flags.value.filter(({ key }) => key !== flag.key);
    notify(`${flag.key} is deleted`);
    go('#/flags');
  }
  return (
    <ConfirmDelete
      name={flag.key}
      button="Delete it everywhere"
      wantsComment={protectedKeys.value.length > 0}
      remove={remove}
      onClose={onClose}
    >
      It goes from every environment, and code that asks for it gets its own default.
    </ConfirmDelete>
  );
}
