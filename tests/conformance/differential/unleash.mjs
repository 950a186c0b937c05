// Unleash's definitions against unleash-client: features, segments, dependencies, variants.
import { createRequire } from 'node:module';
import { hostname } from 'node:os';

import { Tally, asJson } from './tally.mjs';

const require = createRequire(import.meta.url);
const { default: Client } = require('unleash-client/lib/client.js');
const { defaultStrategies } = require('unleash-client/lib/strategy/index.js');

const FEATURES_PER_DOCUMENT = 12;
const CONTEXTS_PER_DOCUMENT = 40;
const NOW = '2026-11-23T12:00:00.000Z';
const HOST = (process.env.HOSTNAME || hostname()).toLowerCase();
const STRATEGIES = ['default', 'userWithId', 'applicationHostname', 'remoteAddress', 'gradualRolloutUserId', 'gradualRolloutSessionId', 'gradualRolloutRandom', 'flexibleRollout', 'custom'];
const LISTS = ['IN', 'NOT_IN', 'STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS', 'IN_CIDR'];
const SINGLES = ['NUM_EQ', 'NUM_GT', 'NUM_GTE', 'NUM_LT', 'NUM_LTE', 'DATE_AFTER', 'DATE_BEFORE', 'SEMVER_EQ', 'SEMVER_GT', 'SEMVER_GTE', 'SEMVER_LT', 'SEMVER_LTE', 'REGEX'];
const OPERATORS = [...LISTS, ...SINGLES, 'NO_SUCH_OPERATOR'];
const REASONS = ['DEFAULT', 'TARGETING_MATCH', 'SPLIT', 'DISABLED', 'ERROR'].map((reason) => `reason ${reason}`);
const OTHERS = ['inverted', 'caseInsensitive', 'segment', 'missing segment', 'dependency', 'strategy variant', 'feature variant', 'override', 'kind enabled', 'kind variant', 'variant disabled', 'variant chosen'];
const REGIONS = ['north', 'North', 'south', 'NORTHWEST', 'east', 'øst'];
const PLANS = ['free', 'pro', 'enterprise'];
const VERSIONS = ['1.2.3', '1.2.4', '1.10.0', '2.0.0', '2.0.0-rc.1', '2.0.0-rc.2', '1.2.3+build', 'v1.2.3', '1.2', 'none', '01.0.0'];
const NUMBERS = ['0', '1', '5', '5.0', '7.5', '-2', '1e2', '100', 'x'];
const ADDRESSES = ['10.0.0.1', '10.0.5.7', '192.168.1.20', '8.8.8.8', '2001:db8::1', '2001:db8:1::2', 'nonsense'];
const RANGES = ['10.0.0.0/16', '10.0.0.1', '192.168.0.0/16', '2001:db8::/32', '2001:db8::1', 'bad/range', '8.8.8.0/24'];
const DATES = ['2026-11-23T11:59:59.000Z', '2026-11-23T12:00:00.000Z', '2026-11-23T12:00:01.000Z', '2026-11-23T13:00:00+01:00', '2020-01-01T00:00:00Z', '2030-06-15T08:30:00Z'];
const PATTERNS = ['^n', 'th$', 'o.t', '[[:upper:]]+', '(?i)north', 'e{1,2}', '^$', '(', 'nor(th|d)', '\\d+', '(?=x)'];

class Documents {
  #random;

  constructor(random, tally) {
    this.#random = random;
    this.tally = tally;
  }

  document() {
    const random = this.#random;
    const segments = [1, 2, 3].map((id) => ({ id, name: `segment-${id}`, constraints: random.list(0, 2, () => this.constraint()) }));
    const features = [];
    for (let i = 0; i < FEATURES_PER_DOCUMENT; i += 1) features.push(this.feature(i));
    return { version: 2, features, segments };
  }

  feature(i) {
    const random = this.#random;
    const feature = { name: `feature-${i}`, type: 'release', enabled: random.chance(0.93), strategies: random.list(0, 3, () => this.strategy(i)) };
    if (random.chance(0.4)) {
      this.tally.hit('feature variant', CONTEXTS_PER_DOCUMENT);
      feature.variants = this.variants(true);
    }
    if (i > 0 && random.chance(0.25)) {
      feature.dependencies = random.list(1, 2, () => {
        this.tally.hit('dependency', CONTEXTS_PER_DOCUMENT);
        const dependency = { feature: random.chance(0.93) ? `feature-${random.below(i)}` : 'nowhere' };
        if (random.chance(0.3)) dependency.enabled = random.chance(0.5);
        if (random.chance(0.4)) dependency.variants = random.list(1, 2, () => random.pick(['blue', 'green', 'red', 'disabled']));
        return dependency;
      });
    }
    return feature;
  }

  strategy(i) {
    const random = this.#random;
    const name = random.pick([...STRATEGIES, 'flexibleRollout', 'flexibleRollout', 'flexibleRollout']);
    this.tally.hit(`strategy ${name}`, CONTEXTS_PER_DOCUMENT);
    const strategy = { name, parameters: this.parameters(name, i), constraints: random.list(0, 2, () => this.constraint()) };
    if (random.chance(0.25)) {
      strategy.segments = random.list(1, 2, () => {
        const id = random.chance(0.9) ? 1 + random.below(3) : 99;
        this.tally.hit(id === 99 ? 'missing segment' : 'segment', CONTEXTS_PER_DOCUMENT);
        return id;
      });
    }
    if (random.chance(0.3)) {
      this.tally.hit('strategy variant', CONTEXTS_PER_DOCUMENT);
      strategy.variants = this.variants(false);
      // unleash-client makes the group "undefined" of none; pennon the feature's name, as Unleash's other clients do.
      strategy.parameters.groupId ||= `feature-${i}`;
    }
    return strategy;
  }

  parameters(name, i) {
    const random = this.#random;
    const percent = () => String(random.pick([0, 1, 25, 50, 75, 99, 100]));
    switch (name) {
      case 'userWithId':
        return { userIds: random.list(0, 4, () => `user-${random.below(30)}`).join(random.pick([',', ', ', ' , '])) };
      case 'applicationHostname':
        return { hostNames: random.pick([HOST, `other, ${HOST.toUpperCase()}`, 'other', '']) };
      case 'remoteAddress':
        return { IPs: random.list(0, 3, () => random.pick(RANGES.filter((range) => !range.includes(':')))).join(', ') };
      case 'gradualRolloutUserId':
      case 'gradualRolloutSessionId':
        return { percentage: percent(), groupId: random.pick(['group', '', `feature-${i}`]) };
      case 'gradualRolloutRandom':
        return { percentage: random.pick(['0', '100']) };
      case 'flexibleRollout': {
        const stickiness = random.pick(['default', 'userId', 'sessionId', 'plan', 'random']);
        const parameters = { rollout: stickiness === 'random' ? random.pick(['0', '100']) : percent(), stickiness };
        if (random.chance(0.8)) parameters.groupId = random.pick(['group', `feature-${i}`, 'other']);
        return parameters;
      }
      default:
        return {};
    }
  }

  variants(ofFeature) {
    const random = this.#random;
    // Every context that may get here has a userId: see context().
    const stickiness = random.pick(['default', 'userId']);
    const weights = random.pick([[1000], [500, 500], [333, 333, 334], [0, 1000], [100, 0, 900], [1, 2, 3]]);
    return weights.map((weight, index) => {
      const variant = { name: ['blue', 'green', 'red'][index], weight, weightType: 'variable', stickiness };
      if (random.chance(0.7)) {
        variant.payload = random.pick([
          { type: 'string', value: `text-${index}` },
          { type: 'string', value: '' },
          { type: 'json', value: `{"index":${index}}` },
          { type: 'number', value: `${index}.5` },
          { type: 'csv', value: 'a,b' },
        ]);
      }
      if (ofFeature && random.chance(0.2)) {
        this.tally.hit('override', CONTEXTS_PER_DOCUMENT);
        variant.overrides = random.list(1, 2, () => random.pick([
          { contextName: 'userId', values: random.list(1, 3, () => `user-${random.below(30)}`) },
          { contextName: 'plan', values: [random.pick(PLANS)] },
        ]));
      }
      return variant;
    });
  }

  constraint() {
    const random = this.#random;
    const operator = random.chance(0.02) ? 'NO_SUCH_OPERATOR' : random.pick([...LISTS, ...SINGLES]);
    this.tally.hit(operator, CONTEXTS_PER_DOCUMENT);
    const constraint = { operator, contextName: this.#nameFor(operator) };
    if (LISTS.includes(operator)) constraint.values = random.list(0, 3, () => this.#operandFor(operator));
    else constraint.value = this.#operandFor(operator);
    if (random.chance(0.25)) {
      constraint.inverted = true;
      this.tally.hit('inverted', CONTEXTS_PER_DOCUMENT);
    }
    if (/STR_|REGEX/.test(operator) && random.chance(0.3)) {
      constraint.caseInsensitive = true;
      this.tally.hit('caseInsensitive', CONTEXTS_PER_DOCUMENT);
    }
    return constraint;
  }

  #nameFor(operator) {
    const random = this.#random;
    if (operator.startsWith('NUM_')) return random.pick(['age', 'count']);
    if (operator.startsWith('DATE_')) return 'currentTime';
    if (operator.startsWith('SEMVER_')) return random.pick(['version', 'version', 'nowhere']);
    if (operator === 'IN_CIDR') return random.pick(['remoteAddress', 'address']);
    if (operator === 'IN' || operator === 'NOT_IN') return random.pick(['userId', 'plan', 'region', 'appName', 'environment', 'nowhere']);
    return random.pick(['region', 'userId', 'nowhere']);
  }

  #operandFor(operator) {
    const random = this.#random;
    if (operator.startsWith('NUM_')) return random.pick(NUMBERS);
    if (operator.startsWith('DATE_')) return random.pick(DATES);
    // Unleash's specification refuses a leading v; unleash-client takes it.
    if (operator.startsWith('SEMVER_')) return random.pick(VERSIONS.filter((version) => !version.startsWith('v')));
    if (operator === 'IN_CIDR') return random.pick(RANGES);
    if (operator === 'REGEX') return random.pick(PATTERNS);
    if (operator.startsWith('STR_')) return random.pick(['n', 'North', 'th', 'user-1', 'EAST', 'WEST', '9']);
    return random.pick([...PLANS, ...REGIONS, 'app', 'dev', `user-${random.below(30)}`]);
  }

  context() {
    const random = this.#random;
    // Without a userId it would be for chance to place the subject.
    const context = { userId: random.chance(0.5) ? `user-${random.below(30)}` : `${random.below(1000000)}`, properties: {} };
    const maybe = (share, place, name, make) => {
      if (random.chance(share)) place[name] = make();
    };
    maybe(0.7, context, 'sessionId', () => `session-${random.below(1000)}`);
    maybe(0.6, context, 'remoteAddress', () => random.pick(ADDRESSES));
    maybe(0.5, context, 'appName', () => random.pick(['app', 'other']));
    maybe(0.5, context, 'environment', () => random.pick(['dev', 'prod']));
    context.currentTime = random.pick(DATES);
    maybe(0.8, context.properties, 'region', () => random.pick(REGIONS));
    maybe(0.7, context.properties, 'plan', () => random.pick(PLANS));
    maybe(0.8, context.properties, 'age', () => random.pick(NUMBERS));
    maybe(0.8, context.properties, 'count', () => random.pick([0, 5, 7.5, 100]));
    maybe(0.8, context.properties, 'version', () => random.pick(VERSIONS));
    maybe(0.7, context.properties, 'address', () => random.pick(ADDRESSES));
    return context;
  }
}

// A rollout without a group has the name of its own feature for one, also when another feature depends on it; in
// unleash-client it then has that one's name.
class Reference extends Client {
  isEnabled(name, context, fallback) {
    return super.isEnabled(name, { ...context, featureToggle: name }, fallback);
  }

  getVariant(name, context) {
    return super.getVariant(name, { ...context, featureToggle: name });
  }
}

function reference(document) {
  const features = new Map(document.features.map((feature) => [feature.name, feature]));
  const segments = new Map(document.segments.map((segment) => [segment.id, segment]));
  const client = new Reference({ getToggle: (name) => features.get(name), getSegment: (id) => segments.get(id) }, defaultStrategies);
  client.on('error', () => {});
  return client;
}

function ask(client, kind, name, context) {
  if (kind === 'enabled') return client.isEnabled(name, context, () => false);
  const { name: variant, payload, enabled, feature_enabled } = client.getVariant(name, context);
  return asJson({ name: variant, payload, enabled, feature_enabled });
}

export async function compareUnleash(engine, random, count) {
  const tally = new Tally('Unleash, unleash-client', [...OPERATORS, ...STRATEGIES.map((name) => `strategy ${name}`), ...REASONS, ...OTHERS]);
  const documents = new Documents(random, tally);
  while (tally.compared < count) {
    const document = documents.document();
    const flags = [...document.features.map(({ name }) => name), 'nowhere'];
    const contexts = random.list(CONTEXTS_PER_DOCUMENT, CONTEXTS_PER_DOCUMENT, () => documents.context());
    const kind = random.pick(['enabled', 'variant']);
    const loaded = engine.ask({ op: 'load', format: 'unleash', doc: document });
    // Our applicationHostname asks the context.
    const given = contexts.map((context) => ({ ...context, hostname: HOST }));
    const reply = engine.ask({ op: 'evals', kind, flags, contexts: given, default: false, now: NOW });
    const client = reference(document);
    const expected = contexts.map((context) => flags.map((flag) => ask(client, kind, flag, context)));
    if (!(await loaded).ok) throw new Error(`refused: ${(await loaded).error}: ${JSON.stringify(document)}`);
    const { answers } = await reply;
    contexts.forEach((context, i) => flags.forEach((flag, j) => {
      const answer = answers[i * flags.length + j];
      tally.hit(`kind ${kind}`);
      tally.hit(`reason ${answer.reason}`);
      if (kind === 'variant') tally.hit(expected[i][j].enabled ? 'variant chosen' : 'variant disabled');
      tally.compare(expected[i][j], answer.value, () => ({ feature: document.features[j], context, reason: answer.reason, segments: document.segments, all: document.features[j]?.dependencies && document.features }));
    }));
  }
  return tally;
}
