// Playground, usage, fleet and audit log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantExample } from './example.mjs';
import { assertAccessible, eventually, openPage, page, setUp, signIn, store, visit } from './world.mjs';

setUp(async () => {
  await plantExample(store);
  const daemon = await store.follower();
  for (let i = 0; i < 20; ++i) await daemon.answer('banner', { targetingKey: `user-${i}` });
  await eventually(async () => (await store.api('GET', '/environments/production/fleet')).daemons.length > 0, 'the daemon has reported');
});

const open = async (hash, options) => {
  await openPage(options);
  await signIn(page, store, hash);
};
const evaluate = () => page.getByRole('button', { name: 'Evaluate' }).click();
const answer = () => page.getByLabel('Answer', { exact: true });

test('the playground answers as the store does, rule by rule, and draws the bucket', async () => {
  await open('#/playground?environment=production&flag=new-checkout');
  await page.getByLabel('Context', { exact: true }).fill('{"targetingKey": "u", "country": "NO"}');
  await evaluate();
  await answer().getByText('Rule 1 “nordic” serves').waitFor();
  await page.getByLabel('Context', { exact: true }).fill('{"targetingKey": "u", "country": "DE"}');
  await evaluate();
  await answer().getByText('Rule 1 “nordic” does not hold').waitFor();
  await answer().getByRole('img', { name: /Place \d+ of 100/ }).waitFor();
  const asked = await store.api('POST', '/environments/production/playground', { flag: 'new-checkout', context: { targetingKey: 'u', country: 'DE' } });
  await answer().getByText(asked.explanation.evaluation.reason, { exact: true }).waitFor();
  await assertAccessible(page);
  await page.getByLabel('Context', { exact: true }).fill('{"targetingKey": ');
  await evaluate();
  await page.getByRole('alert').waitFor();
});

test('the playground answers for an earlier version and for an unsaved draft', async () => {
  await store.api('PUT', '/environments/production/flags/dark-mode', { default: { variant: 'off' } });
  const { version } = await store.config('dark-mode');
  await store.api('PUT', '/environments/production/flags/dark-mode', { default: { variant: 'on' } });
  await open('#/playground?environment=production&flag=dark-mode&as=version');
  await page.getByRole('spinbutton', { name: 'Version' }).fill(String(version));
  await evaluate();
  await answer().getByText('false', { exact: true }).waitFor();
  await page.goto('/#/flags/dark-mode?environment=production');
  await page.getByLabel('What the default serves').selectOption('codeDefault');
  await page.getByText('Unsaved changes').waitFor();
  await page.goto('/#/playground?environment=production&flag=dark-mode&as=draft');
  await evaluate();
  await answer().getByText('the caller’s default').waitFor();
});

test('a context is saved under a name and comes back', async () => {
  await open('#/playground?environment=production&flag=banner');
  await page.getByLabel('Context', { exact: true }).fill('{"targetingKey": "kept"}');
  await page.getByLabel('Name for this context').fill('<b>me</b>');
  await page.getByRole('button', { name: 'Save context' }).click();
  await page.reload();
  await page.getByRole('button', { name: '<b>me</b>', exact: true }).click();
  assert.equal(await page.getByLabel('Context', { exact: true }).inputValue(), '{"targetingKey": "kept"}');
});

test('fleet and usage show what daemons reported', async () => {
  await open('#/fleet?environment=production');
  await page.getByRole('row').nth(1).waitFor();
  assert.equal(await page.getByRole('row').count(), 2);
  await assertAccessible(page);
  await eventually(
    async () => (await store.api('GET', '/environments/production/usage')).flags.some(({ flag, evaluations }) => flag === 'banner' && evaluations === 20),
    'the evaluations are counted',
  );
  await page.goto('/#/usage?environment=production');
  await page.getByRole('row', { name: /banner 20 plain 100 %|banner 20/ }).waitFor();
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Chart of banner' }).click();
  const dialog = page.getByRole('dialog');
  for (const span of ['24 hours', '7 days', '30 days']) {
    await dialog.getByRole('combobox').selectOption(span);
    await dialog.getByRole('img', { name: /^20 evaluations; / }).waitFor();
  }
  await dialog.getByText('As a table').click();
  const cells = await dialog.getByRole('cell').allInnerTexts();
  assert.equal(cells.reduce((sum, text) => sum + Number(text), 0), 20);
  await assertAccessible(page);
});

test('the audit log is filtered, and tells what changed', async () => {
  await store.api('PATCH', '/environments/staging/flags/banner?comment=quiet%20please', { instructions: [{ kind: 'turnOff' }] });
  await open('#/audit');
  await page.getByLabel('Key').fill('banner');
  await page.getByLabel('Environment').fill('staging');
  await page.getByLabel('Environment').press('Enter');
  await page.getByText('“quiet please”').waitFor();
  await page.getByText(/What changed in entry/).first().click();
  await page.getByText('enabled: true becomes false').waitFor();
  await assertAccessible(page);
});

test('a segment shows who uses it, is changed, and a wrong one is refused with its place', async () => {
  await open('#/segments?environment=production');
  await page.getByRole('button', { name: 'Open beta' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('link', { name: 'banner' }).waitFor();
  await assertAccessible(page);
  await dialog.getByRole('textbox').fill('{"when": {"attr": "plan", "op": "like"}}');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('alert').getByText('when.op').waitFor();
  await dialog.getByRole('textbox').fill('{"included": ["ann"], "name": "<i>us</i>"}');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('beta is saved in production').waitFor();
  await page.getByText('<i>us</i>').waitFor();
  assert.deepEqual((await store.api('GET', '/environments/production/segments/beta')).included, ['ann']);
});

test('an environment is made as a copy of another', async () => {
  await open('#/environments');
  await page.getByRole('textbox', { name: /^Key/ }).fill('copy');
  await page.getByLabel('Begins as').selectOption('production');
  await page.getByRole('button', { name: 'Make the environment' }).click();
  await page.getByRole('rowheader', { name: 'copy' }).waitFor();
  await assertAccessible(page);
  assert.deepEqual((await store.config('banner', 'copy')).rules, (await store.config('banner')).rules);
});

for (const [look, options] of Object.entries({ dark: { scheme: 'dark' }, narrow: { width: 360, height: 740 } })) {
  test(`axe finds nothing on these pages, ${look}`, async () => {
    await open('#/audit', options);
    for (const [hash, ready] of [['audit', '.history li'], ['fleet', 'tbody tr'], ['usage', 'tbody tr'], ['playground', 'textarea'], ['segments', '.history li'], ['environments', 'tbody tr']]) {
      await visit(`#/${hash}?environment=production`);
      await page.locator(ready).first().waitFor();
      await assertAccessible(page);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, hash);
    }
  });
}
