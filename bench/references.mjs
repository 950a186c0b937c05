// How long the implementations of reference need for the questions of references.json: prints
// {"flagd": {"nanos", "contexts", "answers"}, "unleash": {…}}. They are those that the conformance tests install.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../tests/conformance/package.json', import.meta.url));
const { FlagdCore } = require('@openfeature/flagd-core');
const { InMemStorageProvider, Unleash } = require('unleash-client');

const ROUNDS = Math.min(15, Number(process.env.PENNON_BENCH_ROUNDS ?? 15));
const EVALUATIONS = 100000; // of one round
const SUBJECTS = 1000;

const questions = JSON.parse(readFileSync(new URL('references.json', import.meta.url)));
const quiet = { error() {}, warn() {}, info() {}, debug() {} };

const country = (i) => ['NO', 'SE', 'DK', 'FI', 'DE'][i % 5];
const plan = (i) => ['pro', 'free', 'none'][i % 3];

async function flagd({ doc, flag }) {
  const core = new FlagdCore(undefined, quiet);
  core.setConfigurations(JSON.stringify(doc));
  return {
    contexts: Array.from({ length: SUBJECTS }, (_, i) => ({ targetingKey: `user-${i}`, country: country(i), plan: plan(i) })),
    ask: (context) => core.resolveStringEvaluation(flag, '', context, quiet).value,
  };
}

// As a service has it, but for the network.
async function unleash({ doc, flag }) {
  const client = new Unleash({
    appName: 'bench', url: 'http://127.0.0.1:9/', refreshInterval: 0, disableMetrics: true, skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(), bootstrap: { data: doc.features, segments: doc.segments },
  });
  client.on('error', () => {});
  client.on('warn', () => {});
  await new Promise((resolve) => { client.once('ready', resolve); });
  return {
    contexts: Array.from({ length: SUBJECTS }, (_, i) => ({ userId: `user-${i}`, properties: { country: country(i), plan: plan(i) } })),
    ask: (context) => client.isEnabled(flag, context),
  };
}

// Nanoseconds of an evaluation in the median round.
function measure(ask, contexts) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < EVALUATIONS; i += 1) ask(contexts[i % contexts.length]);
    rounds.push(Number(process.hrtime.bigint() - began) / EVALUATIONS);
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
}

const result = {};
for (const [name, make] of Object.entries({ flagd, unleash })) {
  const { contexts, ask } = await make(questions[name]);
  result[name] = { nanos: measure(ask, contexts), contexts, answers: contexts.map(ask) };
}
console.log(JSON.stringify(result));
process.exit(0);
