// What the form of a flag's settings holds: a member that is empty is not there.
import type { Flag } from '../api/client';
import { isSame } from './difference';

export interface Settings {
  name?: string;
  description?: string;
  owner?: string;
  tags?: string[];
  lifecycle: string;
  expectedRemoval?: string | number;
  clientSide?: true;
  variants: unknown;
}

const members = ['name', 'description', 'owner', 'tags', 'lifecycle', 'expectedRemoval', 'clientSide', 'variants'] as const;
export const settingNames: readonly string[] = members;

export const removalDay = (flag: Flag) => (flag.expectedRemoval ? new Date(flag.expectedRemoval).toISOString().slice(0, 10) : '');

const present = (settings: Settings) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as unknown as Settings;

export function settingsOf(flag: Flag): Settings {
  return present({
    name: flag.name || undefined,
    description: flag.description || undefined,
    owner: flag.owner || undefined,
    tags: flag.tags?.length ? flag.tags : undefined,
    lifecycle: flag.lifecycle ?? 'active',
    expectedRemoval: flag.expectedRemoval || undefined,
    clientSide: flag.clientSide || undefined,
    variants: flag.variants,
  });
}

/** What was typed into the form of `base`; throws a SyntaxError where the variants are no JSON. */
export function typedSettings(form: FormData, base: Flag): Settings {
  const text = (name: keyof Settings) => String(form.get(name)).trim();
  const tags = text('tags').split(',').map((tag) => tag.trim()).filter(Boolean);
  const day = text('expectedRemoval');
  return present({
    name: text('name') || undefined,
    description: text('description') || undefined,
    owner: text('owner') || undefined,
    tags: tags.length > 0 ? tags : undefined,
    lifecycle: text('lifecycle'),
    expectedRemoval: day === removalDay(base) ? base.expectedRemoval : day ? `${day}T00:00:00Z` : undefined,
    clientSide: form.has('clientSide') || undefined,
    variants: JSON.parse(text('variants')) as unknown,
  });
}

/** As a merge patch says it: what differs, and null for what goes away. */
export function settingsPatch(before: Settings, after: Settings): Record<string, unknown> {
  const changed = members.filter((name) => !isSame(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name] ?? null]));
}
