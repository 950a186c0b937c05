// JSONLogic against json-logic-js: any rule over any data, of whatever types.
import jsonLogic from 'json-logic-js';

import { Tally, asJson, countOperators } from './tally.mjs';

const DATA_PER_RULE = 10;
const NAMES = ['a', 'b', 'c', 'list', 'deep'];
const STRINGS = ['', '0', '1', '10', '-2.5', 'a', 'b', 'abc', 'Äbc', ' 3 ', '3abc', 'true', '日本語', '1e3', '0x10', 'Infinity', '😀a'];
const NUMBERS = [0, 1, -1, 2, 3, 10, 0.5, -2.5, 1e6, 1e21, 123456789, 1.1, 0.1, 1e-7];
const OPERATORS = [
  'var', 'missing', 'missing_some', 'if', '?:', '==', '===', '!=', '!==', '!', '!!', 'or', 'and', '>', '>=', '<', '<=',
  'max', 'min', '+', '-', '*', '/', '%', 'map', 'filter', 'reduce', 'all', 'none', 'some', 'merge', 'in', 'cat', 'substr', 'log',
];

class Rules {
  #random;

  constructor(random) {
    this.#random = random;
  }

  scalar() {
    const random = this.#random;
    return random.oneOf([
      [4, () => random.pick(STRINGS)],
      [4, () => random.pick(NUMBERS)],
      [1, () => random.chance(0.5)],
      [1, () => null],
    ]);
  }

  value(depth = 2) {
    const random = this.#random;
    if (depth === 0 || random.chance(0.7)) return this.scalar();
    if (random.chance(0.6)) return random.list(0, 4, () => this.value(depth - 1));
    // Never of one member, which would be a rule.
    return { x: this.value(depth - 1), y: this.scalar() };
  }

  data() {
    const random = this.#random;
    if (random.chance(0.05)) return this.value();
    const data = {};
    for (const name of NAMES) {
      if (random.chance(0.8)) data[name] = name === 'list' ? random.list(0, 5, () => this.value(1)) : this.value();
    }
    return data;
  }

  path() {
    const random = this.#random;
    return random.oneOf([
      [6, () => random.pick(NAMES)],
      [3, () => `${random.pick(NAMES)}.${random.pick(['x', 'y', '0', '1'])}`],
      [1, () => random.pick(['', null, 'nowhere', 'a.b.c', 'current', 'accumulator', 1])],
    ]);
  }

  expression(depth) {
    const random = this.#random;
    if (depth === 0) return random.chance(0.5) ? { var: this.path() } : this.value(1);
    if (random.chance(0.15)) return this.expression(0);
    return this.operation(random.pick(OPERATORS), depth);
  }

  operation(operator, depth) {
    const random = this.#random;
    const next = () => this.expression(depth - 1);
    const array = () => (random.chance(0.8) ? random.pick([{ var: 'list' }, { var: 'list' }, random.list(1, 4, next)]) : next());
    const inner = () => random.oneOf([[3, () => this.expression(depth - 1)], [1, () => ({ var: random.pick(['', 'x', '0']) })]]);
    switch (operator) {
      case 'var':
        return { var: random.pick([this.path(), [this.path()], [this.path(), next()], [next()]]) };
      case 'missing':
        return { missing: random.list(0, 3, () => this.path()) };
      case 'missing_some':
        return { missing_some: [random.below(4), random.list(0, 4, () => this.path())] };
      case 'map':
      case 'filter':
      case 'all':
      case 'none':
      case 'some':
        return { [operator]: [array(), inner()] };
      case 'reduce':
        return { reduce: [array(), { [random.pick(['+', 'cat', 'max', 'merge', 'or'])]: [{ var: 'accumulator' }, { var: 'current' }] }, next()] };
      case 'in':
        return { in: [next(), random.chance(0.6) ? random.list(0, 4, next) : next()] };
      case 'substr':
        return { substr: [next(), random.below(7) - 3, ...random.list(0, 1, () => random.below(7) - 3)] };
      case '!':
      case '!!':
      case 'log':
        return { [operator]: random.chance(0.5) ? [next()] : next() };
      case 'if':
      case '?:':
        return { [operator]: random.list(0, 5, next) };
      case '<':
      case '<=':
        return { [operator]: random.list(2, 3, next) };
      case '-':
        return { '-': random.list(1, 2, next) };
      case '/':
      case '%':
      case '==':
      case '===':
      case '!=':
      case '!==':
      case '>':
      case '>=':
        return { [operator]: [next(), next()] };
      default:
        return { [operator]: random.chance(0.1) ? next() : random.list(1, 4, next) };
    }
  }
}

// Where pennon deviates with a reason, the reference is told to deviate alike; docs/evaluation.md
// has the reasons. A path does not go into the characters of a string:
jsonLogic.add_operation('var', function find(path, fallback = null) {
  if (path === undefined || path === null || path === '') return this;
  let found = this;
  for (const name of String(path).split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return fallback;
    found = found[name];
  }
  return found;
});

// A place within a character that UTF-16 halves is the one behind it:
const whole = (text, place) => (/[\ud800-\udbff]/.test(text[place - 1] ?? '') ? place + 1 : place);
const cut = (text, from, length) => {
  const start = from < 0 ? Math.max(text.length + from, 0) : from;
  const end = Math.min(start + Math.max(length, 0), text.length);
  return start < end ? text.slice(whole(text, start), whole(text, end)) : '';
};
jsonLogic.add_operation('substr', (source, start, length = Infinity) => {
  const rest = cut(String(source), start, length < 0 ? Infinity : length);
  return length < 0 ? cut(rest, 0, rest.length + length) : rest;
});

// What json-logic-js gives, or how it fails; and whether a `log` without an argument made an `undefined`, which
// JSON does not have.
function ask(rule, data) {
  const { log } = console;
  let deviation;
  console.log = (value) => {
    if (value === undefined) deviation = 'json-logic-js goes on with undefined, pennon with null';
  };
  try {
    return { answer: { result: asJson(jsonLogic.apply(rule, data)) }, deviation };
  } catch {
    return { deviation: 'json-logic-js throws an exception of JavaScript, pennon goes on' };
  } finally {
    console.log = log;
  }
}

export async function compareLogic(engine, random, count) {
  const tally = new Tally('JSONLogic, json-logic-js', OPERATORS);
  const rules = new Rules(random);
  while (tally.compared < count) {
    const rule = rules.operation(random.pick(OPERATORS), 1 + random.below(3));
    const data = random.list(DATA_PER_RULE, DATA_PER_RULE, () => rules.data());
    const reply = engine.ask({ op: 'jsonlogics', rule, data });
    const expected = data.map((each) => ask(rule, each));
    countOperators(rule, tally, data.length);
    const { answers } = await reply;
    for (let i = 0; i < data.length; i += 1) {
      const { answer, deviation } = expected[i];
      if (deviation) {
        tally.deviation(deviation);
        tally.compared += 1;
      } else {
        tally.compare(answer, answers[i], () => ({ rule, data: data[i] }));
      }
    }
  }
  return tally;
}
