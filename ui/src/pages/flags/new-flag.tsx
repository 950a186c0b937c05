import { api, ask } from '../../api/client';
import { putFlag } from '../../model/flag-list';
import { Field } from '../../parts/field';
import { FormError, useFormFault } from '../../parts/form-fault';
import type { Value, Variant } from '../../model/definition';

type Type = 'boolean' | 'string' | 'integer' | 'number' | 'object';

const first: Record<Type, Variant[]> = {
  boolean: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
  string: [
    { key: 'a', value: 'A' },
    { key: 'b', value: 'B' },
  ],
  integer: [
    { key: 'low', value: 1 },
    { key: 'high', value: 10 },
  ],
  number: [
    { key: 'low', value: 0.1 },
    { key: 'high', value: 1 },
  ],
  object: [
    { key: 'a', value: { limit: 10 } },
    { key: 'b', value: { limit: 20 } },
  ],
};

async function create(key: string, type: Type, description: string, onMade: (key: string) => void) {
  const variants = first[type] as unknown as Record<string, Value>[];
  const body = { key, type, variants, ...(description && { description }) };
  putFlag(await ask(api.POST('/api/v1/flags', { body: body as never })));
  onMade(key);
}

/** The least that makes a flag; the rest is for its own page. */
export function NewFlag({ onMade }: { onMade: (key: string) => void }) {
  const fault = useFormFault('key', 'type', 'description');

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => String(form.get(name)).trim();
    fault.clear();
    try {
      await create(text('key'), text('type') as Type, text('description'), onMade);
    } catch (caught) {
      fault.set(caught);
    }
  }

  return (
    <form class="new-flag" onSubmit={submit}>
      <Field label="Key" hint="Letters, digits, “.”, “_” and “-”. Code asks for it, so it never changes." error={fault.at('key')}>
        <input name="key" required maxLength={100} pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" spellcheck={false} />
      </Field>
      <Field label="Type" error={fault.at('type')}>
        <select name="type">
          {Object.keys(first).map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
      </Field>
      <Field label="Description" hint="What it is for." error={fault.at('description')}>
        <input name="description" dir="auto" />
      </Field>
      <FormError of={fault} />
      <button type="submit" class="primary">
        Make the flag
      </button>
      <span class="muted">It is off in every environment until you switch it on.</span>
    </form>
  );
}
