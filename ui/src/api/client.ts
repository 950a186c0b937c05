// The store's REST API, typed by its OpenAPI document. Whatever goes wrong is thrown as a Problem.
import createClient from 'openapi-fetch';
import { withPatience } from './patience';
import type { components, paths } from './schema';
import { credentials, sessionLost } from '../app/session';

type Schemas = components['schemas'];
export type Flag = Schemas['Flag'];
export type Config = Schemas['Config'];
export type Environment = Schemas['Environment'];
export type Segment = Schemas['Segment'];
export type AuditEntry = Schemas['AuditEntry'];
export type Difference = Schemas['Difference'];
export type Session = Schemas['Session'];
export type Token = Schemas['Token'];
export type Daemon = Schemas['Daemon'];
export type User = Schemas['User'];
export type Schedule = Schemas['Schedule'];
export type HourCount = Schemas['HourCount'];
export type ImportSummary = Schemas['ImportSummary'];

/** RFC 9457, or status 0 when there was no answer at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly pointer = '',
    readonly current: Record<string, unknown> | undefined = undefined,
  ) {
    super(detail);
  }
}

/** What a request that signs in or out has to say, so that no other site's form can make it. */
export const fromPage = { header: { 'X-Requested-With': 'pennon' } };

export const api = createClient<paths>({ baseUrl: location.origin, fetch: withPatience });

api.use({
  onRequest({ request }) {
    request.headers.set('X-Requested-With', fromPage.header['X-Requested-With']);
    const token = credentials.value;
    if (token) request.headers.set('Authorization', `Bearer ${token}`);
    return request;
  },
  onResponse({ response, request }) {
    const isSignIn = /\/(session|setup)$/.test(new URL(request.url).pathname);
    if (response.status === 401 && !isSignIn) sessionLost();
    return response;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

function problemOf(error: unknown, response: Response): Problem {
  const told = (typeof error === 'object' && error !== null ? error : {}) as Partial<Schemas['Problem']>;
  let detail = told.detail ?? `The store, or what stands before it, answered ${response.status}.`;
  if (response.status === 429) {
    detail = `Too many requests: nothing was done. Try again in ${response.headers.get('Retry-After') ?? 'a few'} seconds.`;
  }
  const request = response.headers.get('X-Request-Id');
  if (response.status >= 500 && request) detail += ` (request ${request})`;
  return new Problem(response.status, detail, told.pointer, told.current);
}

const pending = new Set<Promise<unknown>>();

/** What a request was answered. */
export async function ask<T>(request: Promise<Answer<T>>): Promise<T> {
  const answer = read(request);
  pending.add(answer);
  try {
    return await answer;
  } finally {
    pending.delete(answer);
  }
}

/** When everything that is being asked for now has been answered, and whoever asked has taken it in. */
export async function answered(): Promise<void> {
  await Promise.allSettled(pending);
  await new Promise((done) => setTimeout(done));
}

async function read<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch {
    throw new Problem(0, 'The store does not answer. Nothing was changed here; try again.');
  }
  if (!answer.response.ok) throw problemOf(answer.error, answer.response);
  return answer.data as T;
}

export const pageSize = 500;

/** All pages of a list. */
export async function askAll<T>(page: (after: string | undefined) => Promise<{ items: T[]; next?: string }>): Promise<T[]> {
  const all: T[] = [];
  let after: string | undefined;
  do {
    const { items, next } = await page(after);
    all.push(...items);
    after = next;
  } while (after);
  return all;
}

export const tagOf = (version: number) => ({ 'If-Match': `"v${version}"` });
