// Asks pennon's engine and the implementation of reference the same: run.mjs ENGINE [--only NAME]
// [--count N] [--seed N]. NAME is logic, flagd or unleash; each makes N evaluations (1000000).
import { parseArgs } from 'node:util';

import { Engine } from './engine.mjs';
import { compareFlagd } from './flagd.mjs';
import { compareLogic } from './logic.mjs';
import { Random } from './random.mjs';
import { compareUnleash } from './unleash.mjs';

const COMPARISONS = { logic: compareLogic, flagd: compareFlagd, unleash: compareUnleash };
const MOST_HITS = 1000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '1000000' },
    only: { type: 'string', multiple: true, default: Object.keys(COMPARISONS) },
    seed: { type: 'string', default: String(Date.now() % 1000000) },
  },
});
const count = Number(values.count);
const seed = Number(values.seed);
let passed = positionals.length === 1 && Number.isInteger(count) && Number.isInteger(seed);
if (!passed) console.error('usage: run.mjs ENGINE [--only logic|flagd|unleash] [--count N] [--seed N]');

for (const name of passed ? values.only : []) {
  console.log(`${name}: ${count} evaluations, seed ${seed}`);
  const engine = new Engine(positionals[0]);
  const began = performance.now();
  const tally = await COMPARISONS[name](engine, new Random(seed), count);
  engine.close();
  // A short run cannot hit everything often.
  passed = tally.report(count >= 1000000 ? MOST_HITS : Math.floor(count / 2000)) && passed;
  console.log(`  ${Math.round((performance.now() - began) / 1000)} s`);
}
process.exitCode = passed ? 0 : 1;
