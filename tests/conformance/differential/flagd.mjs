// flagd's definitions against @openfeature/flagd-core: whole documents, all that its operators take.
import { FlagdCore } from '@openfeature/flagd-core';

import { Tally, asJson, countOperators } from './tally.mjs';

const FLAGS_PER_DOCUMENT = 10;
const CONTEXTS_PER_DOCUMENT = 40;
const NOW = Date.parse('2026-11-23T12:00:00Z');
const DEFAULTS = { boolean: false, string: 'fallback', number: -7, object: { fallback: true } };
const VARIANTS = {
  boolean: [{ true: true, false: false }, { on: true, off: false }],
  string: [{ a: 'one', b: 'two', c: '', d: '日本語' }],
  number: [{ a: 1, b: 2.5, c: 0, d: -3, 1: 100 }],
  object: [{ a: { x: 1, deep: { y: [1, null] } }, b: {}, c: { z: 'z' } }],
};
const OPERATORS = ['fractional', 'sem_ver', 'starts_with', 'ends_with', '$ref', 'if', 'and', 'or', '!', '!!', '==', '!=', '===', '!==',
  '<', '<=', '>', '>=', 'in', 'var', 'cat', '+', '-', '*', 'min', 'max', 'some', 'all', 'none', 'missing', 'missing_some'];
const REASONS = ['STATIC', 'DEFAULT', 'TARGETING_MATCH', 'DISABLED', 'ERROR'].map((reason) => `reason ${reason}`);
const ERRORS = ['FLAG_NOT_FOUND', 'PARSE_ERROR', 'TYPE_MISMATCH', 'GENERAL'].map((code) => `error ${code}`);
const COUNTRIES = ['NO', 'SE', 'Österreich', 'US', ''];
const VERSIONS = ['1.2.3', '1.2.4', '1.3.0', '2.0.0', '2.0.0-rc.1', 'v1.2.3', 'V2.0', '1', '1.2', '1.2.3+build.5', '1.2.3-alpha.10',
  '1.2.3-alpha.9', '01.2.3', '2.0.0.0', 'none', '=1.2.3'];
// ASCII, because flagd-core hashes UTF-16 units where others hash UTF-8.
const EMAILS = ['ann@faas.com', 'bob@example.org', 'ann@', 'Ann@FAAS.COM', 'bob@faas.jp'];

class Documents {
  #random;

  constructor(random) {
    this.#random = random;
  }

  // Flags of one type, nearly all.
  document(type) {
    const random = this.#random;
    this.evaluators = { atFaas: { ends_with: [{ var: 'email' }, '@faas.com'] }, northern: { in: [{ var: 'country' }, ['NO', 'SE']] } };
    const flags = {};
    for (let i = 0; i < FLAGS_PER_DOCUMENT; i += 1) flags[`flag-${i}`] = this.flag(random.chance(0.97) ? type : random.pick(Object.keys(VARIANTS)));
    const document = { flags, $evaluators: this.evaluators };
    if (random.chance(0.5)) document.metadata = { flagSetId: 'set', version: random.below(5), [random.pick(['own', 'shared'])]: true };
    return document;
  }

  flag(type) {
    const random = this.#random;
    const variants = random.pick(VARIANTS[type]);
    this.names = Object.keys(variants);
    const flag = { state: random.chance(0.95) ? 'ENABLED' : 'DISABLED', variants };
    if (random.chance(0.8)) flag.defaultVariant = random.pick(this.names);
    else if (random.chance(0.5)) flag.defaultVariant = null;
    if (random.chance(0.8)) flag.targeting = random.chance(0.05) ? random.pick([{}, { no_such_operator: [1] }]) : this.choice(3);
    if (random.chance(0.3)) flag.metadata = { shared: random.below(10), name: random.pick(['', 'x']), ratio: 0.5 };
    return flag;
  }

  // What gives a variant's name, or null.
  choice(depth) {
    const random = this.#random;
    if (depth === 0) return random.chance(0.06) ? random.pick([null, 'nowhere']) : random.pick(this.names);
    return random.oneOf([
      [5, () => ({ if: random.list(1, 2, () => [this.condition(2), this.choice(depth - 1)]).flat().concat(random.chance(0.7) ? [this.choice(depth - 1)] : []) })],
      [4, () => this.fractional(depth)],
      [1, () => this.choice(0)],
      [1, () => this.condition(2)],
      [1, () => ({ var: random.pick(['wish', ['wish', random.pick(this.names)]]) })],
    ]);
  }

  fractional(depth) {
    const random = this.#random;
    const name = () => (depth > 1 && random.chance(0.1) ? this.choice(depth - 2) : this.choice(0));
    const bucket = () => random.oneOf([
      [6, () => [name(), random.pick([0, 1, 25, 50, 100, 1000000])]],
      [2, () => [name()]],
      [1, () => [name(), this.weight()]],
      [0.2, () => random.pick([[], [name(), '50'], [name(), 0.5], 'x', [name(), 1, 2], [name(), -5], [['a'], 1], [name(), 2147483647]])],
    ]);
    const buckets = random.list(1, 4, bucket);
    // Never null: what flagd's implementations make of that differs.
    const by = random.oneOf([
      [5, () => []],
      [4, () => [random.pick([{ var: ['email', 'none'] }, { cat: [{ var: '$flagd.flagKey' }, { var: ['email', 'none'] }] }, { cat: ['salt', { var: ['targetingKey', ''] }] }])]],
      [1, () => [random.pick([{ var: ['age', 40] }, 'fixed', { var: ['flag', true] }])]],
    ]);
    return { fractional: [...by, ...buckets] };
  }

  weight() {
    return this.#random.pick([
      { '-': [{ var: '$flagd.timestamp' }, NOW / 1000 - 50] },
      { '-': [NOW / 1000 - 50, { var: '$flagd.timestamp' }] },
      { if: [this.condition(1), 10, 90] },
      { '+': [1, this.#random.below(5)] },
      { '*': [5, 5.0] },
      { var: ['age', 5] },
      { max: [3, 7] },
      { min: [3, { var: '$flagd.timestamp' }] },
    ]);
  }

  condition(depth) {
    const random = this.#random;
    const next = () => this.condition(depth - 1);
    if (depth > 0 && random.chance(0.3)) {
      return random.pick([
        () => ({ and: random.list(1, 3, next) }),
        () => ({ or: random.list(1, 3, next) }),
        () => ({ '!': [next()] }),
        // Over an expression, json-logic-engine compiles it to other precedence than it has.
        () => ({ '!!': [{ var: random.pick(['flag', 'country', 'nowhere']) }] }),
      ])();
    }
    return random.pick([
      () => ({ $ref: random.pick(['atFaas', 'northern']) }),
      () => ({ [random.pick(['==', '!=', '===', '!=='])]: [{ var: 'country' }, random.pick(COUNTRIES)] }),
      () => ({ [random.pick(['==', '!=', '===', '!=='])]: [{ var: 'age' }, random.pick([18, 30, 64.5])] }),
      () => ({ [random.pick(['<', '<=', '>', '>='])]: [{ var: ['age', 40] }, random.pick([18, 30, 64.5])] }),
      () => ({ [random.pick(['<', '<='])]: [18, { var: ['age', 40] }, 65] }),
      () => ({ [random.pick(['<', '>='])]: [{ var: '$flagd.timestamp' }, NOW / 1000 + random.below(3) - 1] }),
      () => ({ in: [{ var: 'country' }, random.list(0, 3, () => random.pick(COUNTRIES))] }),
      () => ({ in: [random.pick(['@faas', 'n', '']), { var: ['email', ''] }] }),
      () => ({ in: [random.pick(COUNTRIES), { var: ['tags', []] }] }),
      () => ({ [random.pick(['starts_with', 'ends_with'])]: random.chance(0.95) ? [{ var: 'email' }, random.pick(['ann', '@faas.com', '.jp', '', 'bo'])] : [{ var: 'email' }] }),
      () => ({ sem_ver: [{ var: 'version' }, random.pick(['=', '!=', '<', '<=', '>', '>=', '^', '~', '!']), random.pick(VERSIONS)] }),
      () => ({ [random.pick(['some', 'all', 'none'])]: [{ var: ['tags', []] }, { '==': [{ var: '' }, random.pick(COUNTRIES)] }] }),
      () => ({ '==': [{ cat: [{ var: ['country', ''] }, '-', 1] }, 'NO-1'] }),
      () => ({ '!': [{ missing: ['country', 'email'] }] }),
      () => ({ '!': [{ missing_some: [1, ['country', 'version', 'account.plan']] }] }),
      () => ({ '==': [{ var: 'account.plan' }, random.pick(['free', 'pro'])] }),
      () => ({ '==': [{ var: '$flagd.flagKey' }, 'flag-3'] }),
      () => ({ var: random.pick(['flag', 'nowhere', 'country', 'age']) }),
    ])();
  }

  // No null and no empty text but the targeting key: json-logic-engine differs there from JSONLogic.
  context() {
    const random = this.#random;
    const context = {};
    const maybe = (share, name, make) => {
      if (random.chance(share)) context[name] = make();
    };
    maybe(0.85, 'targetingKey', () => (random.chance(0.03) ? '' : `user-${random.below(100000)}`));
    maybe(0.8, 'email', () => (random.chance(0.6) ? `user${random.below(100000)}@faas.com` : random.pick(EMAILS)));
    maybe(0.8, 'country', () => random.pick(COUNTRIES.slice(0, 4)));
    maybe(0.8, 'age', () => random.pick([0, 17, 18, 30, 64.5, 65, 90]));
    maybe(0.8, 'version', () => (random.chance(0.9) ? random.pick(VERSIONS) : random.pick([1, 1.2, 2])));
    maybe(0.5, 'tags', () => random.list(0, 3, () => random.pick(COUNTRIES)));
    maybe(0.5, 'flag', () => random.chance(0.5));
    maybe(0.3, 'account', () => ({ plan: random.pick(['free', 'pro']) }));
    maybe(0.3, 'wish', () => random.pick(['a', 'b', 'on', 'true', 1, true]));
    maybe(0.02, '$flagd', () => ({ flagKey: 'forged', timestamp: 1 }));
    return context;
  }
}

const quiet = { error() {}, warn() {}, info() {}, debug() {} };
const RESOLVE = { boolean: 'resolveBooleanEvaluation', string: 'resolveStringEvaluation', number: 'resolveNumberEvaluation', object: 'resolveObjectEvaluation' };

// What both can say of an answer.
function comparable({ value, variant, reason, errorCode, ...rest }) {
  let { metadata } = rest;
  // A flag that is not there or does not compile has no metadata in pennon.
  if (errorCode === 'FLAG_NOT_FOUND' || errorCode === 'PARSE_ERROR') metadata = {};
  const failed = reason === 'ERROR' || variant === undefined || variant === null;
  return { value: asJson(value), variant: failed ? null : variant, reason, errorCode: errorCode ?? null, metadata };
}

export async function compareFlagd(engine, random, count) {
  Date.now = () => NOW; // what flagd-core takes for the present
  const tally = new Tally('flagd, @openfeature/flagd-core', [...OPERATORS, ...REASONS, ...ERRORS]);
  const documents = new Documents(random);
  while (tally.compared < count) {
    const type = random.pick(Object.keys(DEFAULTS));
    const document = documents.document(type);
    const flags = [...Object.keys(document.flags), 'flag-nowhere'];
    const contexts = random.list(CONTEXTS_PER_DOCUMENT, CONTEXTS_PER_DOCUMENT, () => documents.context());
    const loaded = engine.ask({ op: 'load', format: 'flagd', doc: document });
    const reply = engine.ask({ op: 'evals', flags, contexts, type: type === 'number' ? 'float' : type, default: DEFAULTS[type], now: new Date(NOW).toISOString() });
    for (const flag of flags) countOperators(document.flags[flag]?.targeting, tally, contexts.length);
    const core = new FlagdCore(undefined, quiet);
    core.setConfigurations(JSON.stringify(document));
    const expected = contexts.map((context) => flags.map((flag) => core[RESOLVE[type]](flag, DEFAULTS[type], context, quiet)));
    if (!(await loaded).ok) throw new Error(`refused: ${(await loaded).error}: ${JSON.stringify(document)}`);
    const { answers } = await reply;
    contexts.forEach((context, i) => flags.forEach((flag, j) => {
      const wanted = comparable({ ...expected[i][j], metadata: expected[i][j].flagMetadata });
      tally.hit(`reason ${wanted.reason}`);
      if (wanted.errorCode) tally.hit(`error ${wanted.errorCode}`);
      tally.compare(wanted, comparable(answers[i * flags.length + j]), () => ({ flag: document.flags[flag], key: flag, context, type }));
    }));
  }
  return tally;
}
