// Pictures of every page, wide in both themes and narrow: build/ui-shots/<page>-<look>.png.
import { mkdirSync } from 'node:fs';
import { eventually, launch, newPage, signIn, Store } from './world.mjs';
import { plantExample } from './example.mjs';

const folder = process.argv[2] ?? 'build/ui-shots';
const looks = {
  light: {},
  dark: { scheme: 'dark' },
  narrow: { width: 360, height: 740 },
};
const pages = {
  flags: { hash: '#/flags', ready: (page) => page.getByRole('switch').first() },
  flag: { hash: '#/flags/checkout-v2?environment=production', ready: (page) => page.getByLabel('Document') },
  'flag-killed': { hash: '#/flags/fraud-score?environment=production', ready: (page) => page.getByLabel('Document') },
  'flag-review': {
    hash: '#/flags/banner?environment=production',
    ready: (page) => page.getByLabel('Document'),
    async act(page) {
      await page.getByLabel('What the default serves').selectOption('variant sale');
      await page.getByRole('button', { name: 'Review and save' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  'flag-fault': {
    hash: '#/flags/checkout-v2?environment=production',
    ready: (page) => page.getByLabel('Document'),
    async act(page) {
      await page.getByLabel('Operator of rules[0].when').selectOption('regex');
      await page.getByLabel('Values of rules[0].when').fill('@example.com, (');
      await page.getByRole('button', { name: 'Go to it' }).click();
    },
  },
  'flag-protected': {
    hash: '#/flags',
    ready: (page) => page.getByRole('switch').first(),
    async act(page) {
      await page.getByRole('switch', { name: 'banner in production' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  'flag-history': { hash: '#/flags/checkout-v2?environment=production&view=history', ready: (page) => page.locator('.history li').first() },
  playground: {
    hash: '#/playground?environment=production&flag=checkout-v2',
    ready: (page) => page.getByLabel('Context', { exact: true }),
    async act(page) {
      await page.getByRole('button', { name: 'Evaluate' }).click();
      await page.getByLabel('Answer', { exact: true }).waitFor();
    },
  },
  usage: { hash: '#/usage?environment=production', ready: (page) => page.locator('tbody tr').first() },
  fleet: { hash: '#/fleet?environment=production', ready: (page) => page.locator('tbody tr').first() },
  segments: { hash: '#/segments?environment=production', ready: (page) => page.locator('.history li').first() },
  environments: { hash: '#/environments', ready: (page) => page.locator('tbody tr').first() },
  schedule: { hash: '#/schedule?environment=production', ready: (page) => page.locator('.history li').first() },
  transfer: { hash: '#/transfer?environment=production', ready: (page) => page.locator('textarea') },
  access: { hash: '#/access?environment=production', ready: (page) => page.locator('tbody tr').first() },
  people: { hash: '#/people', ready: (page) => page.locator('tbody tr').first() },
  audit: { hash: '#/audit', ready: (page) => page.locator('.history li').first() },
  'flag-settings': { hash: '#/flags/checkout-v2?view=settings', ready: (page) => page.getByRole('button', { name: 'Delete…' }) },
};

mkdirSync(folder, { recursive: true });
const store = await Store.make();
await plantExample(store);
await store.api('PUT', '/environments/production', { name: 'Production', protected: true });
await store.api('POST', '/users', { name: 'anna', role: 'editor', environments: { production: 'viewer' } });
await store.api('POST', '/environments/production/schedules?comment=planned', {
  flag: 'checkout-v2', at: '2027-01-04T09:00:00Z', change: { instructions: [{ kind: 'turnOff' }], comment: 'after the holidays' },
});
const daemon = await store.follower();
for (let i = 0; i < 40; ++i) await daemon.answer(i % 3 ? 'banner' : 'new-checkout', { targetingKey: `user-${i}` });
await eventually(
  async () => (await store.api('GET', '/environments/production/usage')).flags.some(({ evaluations }) => evaluations > 0),
  'the daemon has reported',
);
const browser = await launch();
for (const [look, options] of Object.entries(looks)) {
  const page = await newPage(browser, store, options);
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.screenshot({ path: `${folder}/sign-in-${look}.png` });
  await signIn(page, store);
  for (const [name, { hash, ready, act }] of Object.entries(pages)) {
    await page.goto('/' + hash);
    await page.evaluate(() => localStorage.clear()); // drafts of other pictures
    await page.reload();
    await ready(page).waitFor();
    await act?.(page);
    await page.screenshot({ path: `${folder}/${name}-${look}.png` });
  }
  await page.context().close();
}
await browser.close();
await store.end();
console.log(`pictures are in ${folder}`);
