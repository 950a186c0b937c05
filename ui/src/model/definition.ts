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
