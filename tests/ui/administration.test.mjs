// Keys and tokens, people, the schedule, import and export, environments.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { plantExample } from './example.mjs';
import { assertAccessible, eventually, openPage, page, setUp, signIn, store, visit } from './world.mjs';

setUp(plantExample);

const open = async (hash, options) => {
  await openPage(options);
  await signIn(page, store, hash);
};
const dialog = () => page.getByRole('dialog');
const shownSecret = () => dialog().getByLabel('Command').innerText();
const kept = () => dialog().getByRole('button', { name: 'I have kept it' }).click();
const asks = (token) => fetch(`${store.url}/api/v1/flags`, { headers: { Authorization: `Bearer ${token}` } });
const syncs = (key) => fetch(`${store.url}/sync/v1/flagset`, { headers: { Authorization: `Bearer ${key}` } });

test('a token that is made here works, is rotated, and does not when it is ended', async () => {
  await open('#/access?environment=production');
  const form = page.getByRole('form', { name: 'New: Tokens of the API' });
  await form.getByLabel('Name').fill('<b>ci</b>');
  await form.getByLabel('Kind').selectOption('viewer');
  await form.getByRole('button', { name: 'Make it' }).click();
  const first = await shownSecret();
  await assertAccessible(page);
  await kept();
  assert.equal((await asks(first)).status, 200);
  await page.getByRole('button', { name: 'Rotate <b>ci</b>', exact: true }).first().click();
  const second = await shownSecret();
  await kept();
  assert.notEqual(second, first);
  assert.equal((await asks(second)).status, 200);
  const ends = page.getByRole('button', { name: 'End <b>ci</b>', exact: true });
  for (const left of [1, 0]) {
    await ends.nth(left).click();
    await ends.nth(left).waitFor({ state: 'detached' });
  }
  assert.equal((await asks(first)).status, 401);
  assert.equal((await asks(second)).status, 401);
});

test('a key that is made here is a daemon’s of that environment', async () => {
  await open('#/access?environment=staging');
  const form = page.getByRole('form', { name: 'New: Keys of staging' });
  await form.getByLabel('Name').fill('host-7');
  await form.getByRole('button', { name: 'Make it' }).click();
  const key = await shownSecret();
  await kept();
  const answer = await syncs(key);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /"environment":"staging"/);
  await page.getByRole('button', { name: 'End host-7' }).click();
  await page.getByText('host-7 is ended').waitFor();
  assert.equal((await syncs(key)).status, 401);
});

test('somebody is invited, given another role, and deleted by name', async () => {
  await open('#/people');
  const form = page.getByRole('form', { name: 'Invite somebody' });
  await form.getByLabel('Name').fill('ann');
  await form.getByLabel('Role').selectOption('editor');
  await form.getByRole('button', { name: 'Invite' }).click();
  assert.match(await shownSecret(), /^pn_[a-z]+_[0-9a-f]{64}$/);
  await assertAccessible(page);
  await kept();
  await page.getByLabel('Role of ann').selectOption('viewer');
  await page.getByText('ann is viewer now').waitFor();
  assert.equal((await store.api('GET', '/users/ann')).role, 'viewer');
  await page.getByRole('button', { name: 'Delete ann' }).click();
  const remove = dialog().getByRole('button', { name: 'Delete, and end the sessions' });
  assert.equal(await remove.isDisabled(), true);
  await dialog().getByRole('textbox').fill('ann');
  await remove.click();
  await page.getByText('ann is deleted').waitFor();
  assert.equal((await store.api('GET', '/users')).users.some(({ name }) => name === 'ann'), false);
});

test('a change waits for its instant and is cancelled; a wrong one is refused', async () => {
  await open('#/schedule?environment=production');
  const form = page.getByRole('form', { name: 'New change' });
  await form.getByLabel('Flag').fill('banner');
  await form.getByLabel('When').fill('2099-12-24T18:00');
  await form.getByLabel('What').selectOption('patch');
  await form.getByRole('textbox', { name: /^Merge patch/ }).fill('{"enabled": false}');
  await form.getByRole('button', { name: 'Schedule it' }).click();
  const waiting = page.getByRole('list', { name: 'To come' });
  await waiting.getByText('enabled', { exact: true }).waitFor();
  const [schedule] = (await store.api('GET', '/environments/production/schedules')).schedules;
  assert.equal(schedule.change.enabled, false);
  await form.getByLabel('Flag').fill('dark-mode');
  await form.getByLabel('When').fill('2099-12-23T18:00');
  await form.getByLabel('What').selectOption('is turned off');
  await form.getByLabel('Comment').fill('holidays');
  await form.getByRole('button', { name: 'Schedule it' }).click();
  await waiting.getByRole('listitem').first().getByText('turnOff (“holidays”)').waitFor();
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Cancel the change of banner' }).click();
  await page.getByRole('list', { name: 'Past' }).getByText('cancelled').waitFor();
  await form.getByLabel('Flag').fill('no-such-flag');
  await form.getByLabel('When').fill('2099-12-24T18:00');
  await form.getByRole('button', { name: 'Schedule it' }).click();
  await form.getByRole('alert').getByText('no-such-flag').waitFor();
});

test('an import is tried before it is done, and an export is what was imported', async () => {
  await open('#/transfer?environment=dev');
  const section = page.getByRole('region', { name: 'Import' });
  const run = section.getByRole('button', { name: 'Import' });
  const flag = { type: 'boolean', variants: [{ key: 'on', value: true }, { key: 'off', value: false }], default: { variant: 'on' } };
  await section.getByLabel('Document').fill('{"environment": "dev", "flags": {"brought": {"type": "bool');
  await section.getByRole('button', { name: 'Try it' }).click();
  await section.getByRole('alert').waitFor();
  await section.getByLabel('Document').fill(JSON.stringify({ environment: 'dev', flags: { brought: { ...flag, default: { variant: 'of' } } } }));
  await section.getByRole('button', { name: 'Try it' }).click();
  await section.getByRole('alert').getByText('brought').waitFor();
  assert.equal(await run.isDisabled(), true);
  await section.getByLabel('Document').fill(JSON.stringify({ environment: 'dev', flags: { brought: flag } }));
  await section.getByRole('button', { name: 'Try it' }).click();
  await section.getByText('1 flags created: brought').waitFor();
  await assertAccessible(page);
  assert.equal((await fetch(`${store.url}/api/v1/flags/brought`, { headers: { Authorization: `Bearer ${store.token}` } })).status, 404);
  await run.click();
  await page.getByText('Imported into dev').waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save dev.json' }).click();
  const exported = JSON.parse(readFileSync(await (await download).path(), 'utf8'));
  assert.deepEqual(exported.flags.brought.default, { variant: 'on' });
});

test('an environment is renamed, and deleted when its key is typed', async () => {
  await store.api('POST', '/environments', { key: 'scratch', name: 'Scratch' });
  await open('#/environments');
  await page.getByRole('button', { name: 'Settings of scratch' }).click();
  await dialog().getByLabel('Name').fill('<i>Sketches</i>');
  await dialog().getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: '<i>Sketches</i>' }).waitFor();
  await page.getByRole('button', { name: 'Delete scratch' }).click();
  const remove = dialog().getByRole('button', { name: 'Delete the environment' });
  assert.equal(await remove.isDisabled(), true);
  await dialog().getByRole('textbox').fill('scratch');
  await remove.click();
  await page.getByText('scratch is deleted').waitFor();
  assert.equal((await store.api('GET', '/environments')).environments.some(({ key }) => key === 'scratch'), false);
});

for (const [look, options] of Object.entries({ dark: { scheme: 'dark' }, narrow: { width: 360, height: 740 } })) {
  test(`axe finds nothing on these pages, ${look}`, async () => {
    await open('#/access', options);
    for (const [hash, ready] of [['access', 'tbody tr'], ['people', 'form'], ['schedule', 'form'], ['transfer', 'textarea'], ['environments', 'tbody tr']]) {
      await visit(`#/${hash}?environment=production`);
      await page.locator(ready).first().waitFor();
      await assertAccessible(page);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, hash);
    }
  });
}
