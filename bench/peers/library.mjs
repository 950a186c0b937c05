// A library of a peer in this process: library.mjs NAME FLAGS QUESTIONS
// Prints {"version", "answers"}; then, for each number on standard input, the nanoseconds that this process computes for
// an evaluation when it does so many.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const [name, flagsFile, questionsFile] = process.argv.slice(2);
const quiet = { error() {}, warn() {}, info() {}, debug() {} };
const text = readFileSync(flagsFile, 'utf8');
const questions = JSON.parse(readFileSync(questionsFile, 'utf8')); // [key, context, the answer] each

// Each gives a function of a question's number.
const libraries = {
  '@openfeature/flagd-core': async () => {
    const { FlagdCore } = require('@openfeature/flagd-core');
    const core = new FlagdCore(undefined, quiet);
    core.setConfigurations(text);
    return (i) => core.resolveBooleanEvaluation(questions[i][0], false, questions[i][1], quiet).value;
  },
  'unleash-client': async () => {
    const { InMemStorageProvider, Unleash } = require('unleash-client');
    const client = new Unleash({
      appName: 'bench', url: 'http://127.0.0.1:9/', refreshInterval: 0, disableMetrics: true, skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(), bootstrap: { data: JSON.parse(text).features },
    });
    client.on('error', () => {});
    client.on('warn', () => {});
    await new Promise((resolve) => { client.once('ready', resolve); });
    const contexts = questions.map(([, context]) => {
      const { targetingKey, ...rest } = context;
      return { userId: targetingKey, properties: Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, String(v)])) };
    });
    return (i) => client.isEnabled(questions[i][0], contexts[i]);
  },
  '@growthbook/growthbook': async () => {
    const { GrowthBookClient } = require('@growthbook/growthbook');
    const client = new GrowthBookClient().initSync({ payload: { features: JSON.parse(text) } });
    const contexts = questions.map(([, { targetingKey, ...rest }]) => ({ attributes: { id: targetingKey, ...rest } }));
    return (i) => client.isOn(questions[i][0], contexts[i]);
  },
  '@launchdarkly/node-server-sdk': async () => {
    const { init } = require('@launchdarkly/node-server-sdk');
    const { TestData } = require('@launchdarkly/node-server-sdk/integrations');
    const source = new TestData();
    for (const flag of JSON.parse(text)) await source.usePreconfiguredFlag(flag);
    const client = init('sdk-key', { updateProcessor: source.getFactory(), sendEvents: false, diagnosticOptOut: true, logger: quiet });
    await client.waitForInitialization({ timeout: 30 });
    const contexts = questions.map(([, { targetingKey, ...rest }]) => ({ kind: 'user', key: targetingKey, ...rest }));
    const ask = (i) => client.variation(questions[i][0], contexts[i], false);
    ask.isPromise = true;
    return ask;
  },
};

function version() {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
}

const ask = await libraries[name]();
const answers = [];
for (let i = 0; i < questions.length; i += 1) answers.push(await ask(i));
console.log(JSON.stringify({ version: version(), answers }));
for await (const line of createInterface({ input: process.stdin })) {
  const count = Number(line);
  const began = process.cpuUsage();
  if (ask.isPromise) {
    for (let i = 0; i < count; i += 1) await ask(i % questions.length);
  } else {
    for (let i = 0; i < count; i += 1) ask(i % questions.length);
  }
  const { user, system } = process.cpuUsage(began);
  console.log((user + system) * 1000 / count);
}
process.exit(0);
