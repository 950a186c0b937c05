import { useSignal } from '@preact/signals';
import { api, ask, tagOf, type Flag } from '../../api/client';
import { go } from '../../app/router';
import { mayEditAll } from '../../app/session';
import { isSame } from '../../model/difference';
import { flags, protectedKeys, putFlag } from '../../model/flag-list';
import { ConfirmDelete } from '../../parts/confirm-delete';
import { Field } from '../../parts/field';
import { FormError, useFormFault } from '../../parts/form-fault';
import { notify } from '../../parts/notices';
import { askReason, commentOf } from '../../parts/reason-dialog';

/** An empty text takes the member away, as a merge patch says it. */
const orNull = (text: string) => text || null;

/** What all environments share of a flag. */
export function Settings({ flag }: { flag: Flag }) {
  const fault = useFormFault('name', 'description', 'owner', 'tags', 'lifecycle', 'expectedRemoval', 'clientSide', 'variants');
  const isDeleting = useSignal(false);
  const removal = flag.expectedRemoval ? new Date(flag.expectedRemoval).toISOString().slice(0, 10) : '';

  async function save(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => String(form.get(name)).trim();
    const tags = text('tags').split(',').map((tag) => tag.trim()).filter(Boolean);
    fault.clear();
    try {
      const body = {
        name: orNull(text('name')),
        description: orNull(text('description')),
        owner: orNull(text('owner')),
        tags: tags.length > 0 ? tags : null,
        lifecycle: text('lifecycle'),
        expectedRemoval: text('expectedRemoval') === removal ? flag.expectedRemoval ?? null : orNull(text('expectedRemoval') && `${text('expectedRemoval')}T00:00:00Z`),
        clientSide: form.has('clientSide') || null,
        variants: JSON.parse(text('variants')) as unknown,
      };
      const served = isSame(body.variants, flag.variants) ? [] : protectedKeys.value;
      const comment = await askReason(`Change the variants of ${flag.key}`, served);
      if (comment === undefined) return;
      const params = { path: { flag: flag.key }, header: tagOf(flag.version), query: commentOf(comment) };
      putFlag(await ask(api.PATCH('/api/v1/flags/{flag}', { params, body: body as never })));
      notify(`${flag.key} is saved`);
    } catch (problem) {
      fault.set(problem, problem instanceof SyntaxError ? 'variants' : '');
    }
  }

  return (
    <form class="card settings" onSubmit={save} key={flag.version}>
      <fieldset disabled={!mayEditAll.value}>
        <legend class="unseen">What all environments share</legend>
        <Field label="Name" error={fault.at('name')}>
          <input name="name" dir="auto" defaultValue={flag.name} />
        </Field>
        <Field label="Description" error={fault.at('description')}>
          <input name="description" dir="auto" defaultValue={flag.description} />
        </Field>
        <Field label="Owner" error={fault.at('owner')}>
          <input name="owner" dir="auto" defaultValue={flag.owner} />
        </Field>
        <Field label="Tags" hint="Separated by commas." error={fault.at('tags')}>
          <input name="tags" dir="auto" defaultValue={flag.tags?.join(', ')} />
        </Field>
        <Field label="Lifecycle" error={fault.at('lifecycle')}>
          <select name="lifecycle">
            {['active', 'deprecated', 'archived'].map((one) => (
              <option key={one} selected={one === (flag.lifecycle ?? 'active')}>
                {one}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Expected removal" hint="The flag is marked stale from then on." error={fault.at('expectedRemoval')}>
          <input type="date" name="expectedRemoval" defaultValue={removal} />
        </Field>
        <Field label="Client side" hint="Pages and apps with a client key, which is no secret, may evaluate it.">
          <input type="checkbox" name="clientSide" defaultChecked={flag.clientSide === true} />
        </Field>
        <Field label={`Variants (${flag.type})`} error={fault.at('variants')}>
          <textarea name="variants" rows={8} spellcheck={false} defaultValue={JSON.stringify(flag.variants, null, 2)} />
        </Field>
        <FormError of={fault} />
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
