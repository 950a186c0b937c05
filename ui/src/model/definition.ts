// Flag definitions as docs/evaluation.md has them: what the OpenAPI document leaves open.
export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

export interface Variant {
  key: string;
  value: Value;
  name?: string;
  description?: string;
}

export interface Kill {
  active?: boolean;
  expiresAt?: string;
  reason?: string;
  by?: string;
  at?: string;
}

/** Whether a kill is in force; it counts unless it says otherwise, until it ends. */
export function isKilled(kill: unknown): boolean {
  const it = kill as Kill | undefined;
  if (!it || it.active === false) return false;
  return !it.expiresAt || Date.parse(it.expiresAt) > Date.now();
}

export interface Test {
  attr: string | string[];
  op: string;
  values?: Value[];
  negate?: boolean;
  ignoreCase?: boolean;
}

/** One of these forms; what the builder does not know it leaves as it is. */
export type Condition = Test | { all: Condition[] } | { any: Condition[] } | { not: Condition } | { segment: string };

export interface Weight {
  variant: string;
  weight: number;
}

export interface Ramp {
  variant: string;
  from: string | number;
  to: string | number;
  startWeight: number;
  endWeight: number;
}

export interface Serve {
  variant?: string;
  split?: { weights: Weight[]; ramp?: Ramp; bucketBy?: string | string[] };
  off?: true;
  codeDefault?: true;
  jsonlogic?: Value;
}

export interface Rule {
  id?: string;
  name?: string;
  enabled?: boolean;
  when?: Condition;
  serve: Serve;
}

export interface Target {
  variant: string;
  values?: Value[];
  attribute?: string;
}

export interface Prerequisite {
  flag: string;
  variants?: (string | null)[];
  enabled?: boolean;
}

/** What an environment has of its own of a flag, as it is saved. */
export interface Document {
  enabled?: boolean;
  kill?: Kill;
  offVariant?: string;
  prerequisites?: Prerequisite[];
  targets?: Target[];
  rules?: Rule[];
  default?: Serve;
  salt?: string;
}

/** Without what the store adds when it shows a configuration. */
export function documentOf(config: object): Document {
  const { flag, environment, version, revision, updatedAt, warnings, ...document } = config as Record<string, unknown>;
  void [flag, environment, version, revision, updatedAt, warnings];
  return document as Document;
}
