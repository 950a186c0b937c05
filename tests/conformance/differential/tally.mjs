// What a differential test has seen: how often each thing was hit, differences, argued deviations.
const SHOWN = 10;

export class Tally {
  compared = 0;
  differences = 0;
  #hits = new Map();
  #deviations = new Map();

  // `names` are to be hit; others are counted too.
  constructor(name, names) {
    this.name = name;
    for (const each of names) this.#hits.set(each, 0);
  }

  hit(name, times = 1) {
    this.#hits.set(name, (this.#hits.get(name) ?? 0) + times);
  }

  deviation(name) {
    this.#deviations.set(name, (this.#deviations.get(name) ?? 0) + 1);
  }

  // Compares what was expected with what was got; `explain` makes the input to show.
  compare(expected, got, explain) {
    this.compared += 1;
    if (same(expected, got)) return;
    this.differences += 1;
    if (this.differences > SHOWN) return;
    console.log(`\n${this.name}: difference ${this.differences}`);
    for (const [what, value] of Object.entries({ ...explain(), expected, got })) {
      console.log(`  ${what.padEnd(10)}${JSON.stringify(value)}`);
    }
  }

  // Prints the table. True when nothing differed and everything was hit `least` times.
  report(least) {
    const rows = [...this.#hits].sort(([a], [b]) => (a < b ? -1 : 1));
    const columns = 3;
    const height = Math.ceil(rows.length / columns);
    console.log(`\n${this.name}: ${this.compared} evaluations, ${this.differences} differences`);
    for (let i = 0; i < height; i += 1) {
      const cells = [];
      for (let j = i; j < rows.length; j += height) cells.push(`${rows[j][0].padEnd(30)}${String(rows[j][1]).padStart(9)}`);
      console.log(`  ${cells.join('   ')}`);
    }
    for (const [name, times] of this.#deviations) console.log(`  deviation: ${name}: ${times}`);
    const missed = rows.filter(([, times]) => times < least).map(([name]) => name);
    if (missed.length > 0) console.log(`  fewer than ${least} hits: ${missed.join(', ')}`);
    return this.differences === 0 && missed.length === 0;
  }
}

// Equality of JSON values; 0 is -0.
export function same(a, b) {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

// What JSON can say of a JavaScript value: undefined, NaN and infinities are null.
export function asJson(value) {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

// Counts the operators of a rule of JSONLogic.
export function countOperators(rule, tally, times) {
  if (Array.isArray(rule)) {
    for (const each of rule) countOperators(each, tally, times);
  } else if (typeof rule === 'object' && rule !== null) {
    const names = Object.keys(rule);
    if (names.length !== 1) return;
    tally.hit(names[0], times);
    countOperators(rule[names[0]], tally, times);
  }
}
