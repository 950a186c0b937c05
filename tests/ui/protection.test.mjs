// A protected environment in the page: each change says why, and has the environment's key typed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantExample } from './example.mjs';
import { assertAccessible, eventually, openPage, page, setUp, signIn, store } from './world.mjs';

setUp(async () => {
  await plantExample(store);
  await store.api('PUT', '/environments/production', { name: 'Production', protected: true });
});

const open = async (hash, options) => {
  await openPage(options);
  await signIn(page, store, hash);
};
const dialog = (name) => page.getByRole('dialog', { name });
const lastEntry = async (kind) => (await store.api('GET', `/audit?limit=1&kind=${kind}`)).entries[0];

/** Says why in the dialog of that name; what it does cannot be done before both are typed. */
async function sayWhy(name, comment, word = 'production') {
  const asked = dialog(name);
  await asked.getByLabel('Comment').fill(comment);
  const go = asked.getByRole('button', { name, exact: true });
  assert.equal(await go.isDisabled(), true);
  await asked.getByLabel(`Type ${word} to confirm`).fill(word);
  await go.click();
}

test('a switch asks why and for the key; one that is thought better of does nothing', async () => {
  await open('#/flags');
  await page.getByRole('columnheader', { name: 'Production protected' }).waitFor();
  const toggle = page.getByRole('switch', { name: 'banner in production' });
  const before = await store.config('banner');
  await toggle.click();
  await dialog(/Turn banner/).waitFor();
  await assertAccessible(page);
  await page.keyboard.press('Escape');
  await dialog(/Turn banner/).waitFor({ state: 'detached' });
  assert.deepEqual(await store.config('banner'), before);
  await toggle.click();
  await sayWhy(`Turn banner ${before.enabled ? 'off' : 'on'}`, 'the sale is over');
  await page.getByText(/banner is o(n|ff) in production/).waitFor();
  assert.notEqual((await store.config('banner')).enabled, before.enabled);
  assert.equal((await lastEntry('config')).comment, 'the sale is over');
  await page.getByRole('switch', { name: 'dark-mode in staging' }).click();
  await page.getByText(/dark-mode is o(n|ff) in staging/).waitFor();
});

test('a draft is saved with a comment and the key; restoring an earlier version asks, too', async () => {
  await open('#/flags/dark-mode?environment=production');
  await page.getByLabel('What the default serves').selectOption('variant off');
  await page.getByRole('button', { name: 'Review and save' }).click();
  const save = page.getByRole('button', { name: 'Save', exact: true });
  await save.waitFor();
  await assertAccessible(page);
  assert.equal(await save.isDisabled(), true);
  await page.getByLabel('Type production to confirm').fill('production');
  await save.click(); // the comment is still missing
  assert.equal(await page.getByLabel('Comment').evaluate((it) => it.validity.valueMissing), true);
  await page.getByLabel('Comment').fill('off again');
  await save.click();
  await page.getByText('dark-mode is saved in production').waitFor();
  assert.equal((await lastEntry('config')).comment, 'off again');
  const { version } = await store.config('dark-mode');
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('button', { name: `Restore version ${version - 1}`, exact: true }).click();
  await sayWhy(`Restore version ${version - 1}`, 'it was better');
  await page.getByText(`is as version ${version - 1} was`).waitFor();
  assert.equal((await lastEntry('config')).comment, 'it was better');
});

test('a kill is quick: its reason is enough', async () => {
  await open('#/flags/checkout-v2?environment=production');
  await page.getByRole('button', { name: 'Kill…' }).click();
  await page.getByLabel('Reason').fill('carts are empty');
  await page.getByRole('button', { name: 'Kill it' }).click();
  await page.getByText('Everybody gets the off variant.').waitFor();
  assert.equal((await lastEntry('config')).comment, 'carts are empty');
  await page.getByRole('button', { name: 'Take back the kill' }).click();
  await sayWhy('Take back the kill', 'carts are full');
  await page.getByRole('button', { name: 'Kill…' }).waitFor();
});

test('segments, schedules, imports and variants ask as well', async () => {
  await open('#/segments?environment=production');
  await page.getByRole('button', { name: 'Open beta' }).click();
  const segment = dialog('beta').getByLabel('Document');
  await segment.fill(JSON.stringify({ ...JSON.parse(await segment.inputValue()), included: ['ann', 'bob'] }));
  await dialog('beta').getByRole('button', { name: 'Save' }).click();
  await sayWhy('Save beta', 'bob, too');
  await page.getByText('beta is saved in production').waitFor();
  await page.goto('/#/schedule?environment=production');
  await page.getByLabel('Flag', { exact: true }).fill('banner');
  await page.getByLabel('When').fill('2101-01-01T00:00');
  await page.getByRole('button', { name: 'Schedule it' }).click();
  await sayWhy('Schedule it', 'a new century');
  await page.getByRole('button', { name: 'Cancel the change of banner' }).click();
  await sayWhy('Cancel the change of banner', 'too far away');
  await page.getByText('The change of banner is cancelled').waitFor();
  await page.goto('/#/transfer?environment=production');
  await page.getByLabel('Document').fill('{"environment": "production", "flags": {}, "segments": {"beta": {"included": ["eve"]}}}');
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.getByText('1 segments updated: beta').waitFor();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await sayWhy('Import', 'eve alone');
  await page.getByText(/Imported into production/).waitFor();
  await page.goto('/#/flags/legacy-cart?environment=production&view=settings');
  await page.getByLabel('Owner').fill('payments');
  await page.getByRole('button', { name: 'Save for all environments' }).click(); // nothing that is served
  await page.getByText('legacy-cart is saved').waitFor();
  await page.getByLabel('Variants').fill('[{"key": "on", "value": true}]');
  await page.getByRole('button', { name: 'Save for all environments' }).click();
  await sayWhy('Change the variants of legacy-cart', 'off is not used');
  await eventually(async () => (await store.api('GET', '/flags/legacy-cart')).variants.length === 1, 'the variants are saved');
  const comments = (await store.api('GET', '/audit?limit=6')).entries.map(({ comment }) => comment);
  assert.deepEqual(comments, ['off is not used', undefined, 'eve alone', 'too far away', 'a new century', 'bob, too']);
});

test('an admin protects an environment, and deletes it when it is said why', async () => {
  await store.api('POST', '/environments', { key: 'scratch' });
  await open('#/environments');
  const settings = () => page.getByRole('button', { name: 'Settings of scratch' }).click();
  await settings();
  await page.getByRole('dialog').waitFor();
  await assertAccessible(page);
  await page.getByRole('dialog').getByLabel('Protected').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('row', { name: /scratch/ }).getByRole('img', { name: 'protected' }).waitFor();
  assert.equal((await store.api('GET', '/environments/scratch')).protected, true);
  await page.getByRole('button', { name: 'Delete scratch' }).click();
  const sure = page.getByRole('button', { name: 'Delete the environment' });
  await page.getByLabel('Type scratch to delete it').fill('scratch');
  assert.equal(await sure.isDisabled(), true);
  await dialog('Delete scratch').getByLabel('Comment').fill('not needed');
  await assertAccessible(page);
  await sure.click();
  await page.getByText('scratch is deleted').waitFor();
  assert.equal((await lastEntry('environment')).comment, 'not needed');
});

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing where something is protected, ${scheme}`, async () => {
    for (const hash of ['#/flags', '#/flags/banner?environment=production', '#/environments', '#/segments?environment=production']) {
      await open(hash, { scheme });
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.loading').waitFor({ state: 'detached' });
      await assertAccessible(page);
    }
  });
}
