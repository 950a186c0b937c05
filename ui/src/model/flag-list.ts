// All flags, and what each environment has of them: loaded once, then kept up to date by what others change.
import { computed, signal, type Signal } from '@preact/signals';
import { api, ask, askAll, pageSize, type Config, type Environment, type Flag } from '../api/client';

export const environments = signal<Environment[]>([]);
export const flags = signal<Flag[]>([]);
/** By environment and flag. */
export const configs = signal<ReadonlyMap<string, ReadonlyMap<string, Config>>>(new Map());
/** When each flag was last evaluated anywhere, of the last 30 days: absent as long as it is not known. */
export const lastUse = signal<ReadonlyMap<string, string> | null>(null);
export const isLoaded = signal(false);

/** Environments whose every change says why. */
export const protectedKeys = computed(() => environments.value.flatMap((it) => (it.protected ? [it.key] : [])));
export const isProtected = (environment: string) => protectedKeys.value.includes(environment);

export const tags = computed(() => [...new Set(flags.value.flatMap((flag) => flag.tags ?? []))].sort());
export const owners = computed(() => [...new Set(flags.value.flatMap((flag) => flag.owner ?? []))].sort());

/** Asks again when something was put there meanwhile: what was asked for before may be older. */
async function load<T>(into: Signal<T>, askFor: () => Promise<T>): Promise<void> {
  const before = into.peek();
  const got = await askFor();
  if (into.peek() !== before) return load(into, askFor);
  into.value = got;
}

export const loadEnvironments = () => load(environments, async () => (await ask(api.GET('/api/v1/environments'))).environments);

const askFlags = () =>
  askAll(async (after) => {
    const page = await ask(api.GET('/api/v1/flags', { params: { query: { lifecycle: 'all', limit: pageSize, after } } }));
    return { items: page.flags, next: page.next };
  });

async function askConfigs(environment: string): Promise<[string, Map<string, Config>]> {
  const all = await askAll(async (after) => {
    const params = { path: { environment }, query: { limit: pageSize, after } };
    const page = await ask(api.GET('/api/v1/environments/{environment}/flags', { params }));
    return { items: page.flags, next: page.next };
  });
  return [environment, new Map(all.map((config) => [config.flag, config]))];
}

export async function loadAll() {
  await Promise.all([loadEnvironments(), load(flags, askFlags)]);
  await load(configs, async () => new Map(await Promise.all(environments.peek().map(({ key }) => askConfigs(key)))));
  isLoaded.value = true;
}

export async function loadUse() {
  const found = new Map<string, string>();
  for (const { key } of environments.value) {
    const params = { path: { environment: key } };
    for (const { flag, lastHour } of (await ask(api.GET('/api/v1/environments/{environment}/usage', { params }))).flags) {
      if (lastHour && lastHour > (found.get(flag) ?? '')) found.set(flag, lastHour);
    }
  }
  lastUse.value = found;
}

export function putConfig(config: Config) {
  const { environment, flag } = config;
  const changed = new Map(configs.value.get(environment)).set(flag, config);
  configs.value = new Map(configs.value).set(environment, changed);
}

export function putFlag(flag: Flag) {
  const others = flags.value.filter((other) => other.key !== flag.key);
  flags.value = [...others, flag].sort((a, b) => (a.key < b.key ? -1 : 1));
}
