// The list of flags, as a user has it: a real store, a real daemon, a real browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { plantExample } from './example.mjs';
import { assertAccessible, eventually, openPage, page, setUp, signIn, Store, store } from './world.mjs';

setUp(plantExample);

const open = async (options) => {
  await openPage(options);
  await signIn(page, store);
};
const toggle = (flag, environment = 'production') => page.getByRole('switch', { name: `${flag} in ${environment}` });
const row = (flag) => page.getByRole('row').filter({ hasText: flag });

test('a switch in the page is answered by a daemon, and undone', async () => {
  const daemon = await store.follower();
  await open();
  const value = async () => (await daemon.answer('dark-mode', { targetingKey: 'ann' })).reason;
  await eventually(async () => (await value()) !== 'DISABLED', 'the flag is on');
  await toggle('dark-mode').click();
  await page.getByText('dark-mode is off in production').waitFor();
  await eventually(async () => (await value()) === 'DISABLED', 'the daemon answers that it is off');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('dark-mode is on in production').waitFor();
  await eventually(async () => (await value()) !== 'DISABLED', 'the daemon answers that it is on');
});

/** Waits until the list has `count` flags; its head is a row, too. */
async function listed(count) {
  const rows = page.getByRole('row');
  await rows.nth(count + 1).waitFor({ state: 'detached' });
  assert.equal(await rows.count(), count + 1);
}

test('the keyboard goes from the search to a switch and back', async () => {
  await open();
  await toggle('banner').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('ranking');
  await listed(1);
  await page.keyboard.press('ArrowDown');
  assert.equal(await toggle('recommendations', 'dev').evaluate((it) => it === document.activeElement), true);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.activeElement.ariaLabel === 'recommendations in production');
  await page.keyboard.press('Space');
  await page.getByText('recommendations is on in production').waitFor();
  assert.equal((await store.config('recommendations')).enabled, true);
  await page.keyboard.press('ArrowUp');
  assert.equal(await page.getByLabel('Search flags').evaluate((it) => it === document.activeElement), true);
});

test('filters are in the address and outlive a reload', async () => {
  await open();
  await page.getByLabel('Owner', { exact: true }).selectOption('payments');
  await page.getByLabel('Tag', { exact: true }).selectOption('ops');
  await row('fraud-score').waitFor();
  await listed(1);
  await page.reload();
  await row('fraud-score').waitFor();
  await listed(1);
  await page.getByLabel('Tag', { exact: true }).selectOption('');
  await page.getByLabel('Owner', { exact: true }).selectOption('');
  await page.getByLabel('Use', { exact: true }).selectOption('stale');
  await listed(1);
  await row('legacy-cart').waitFor();
});

test('a killed flag says so where it is killed and nowhere else', async () => {
  await open();
  await toggle('fraud-score').waitFor();
  assert.equal(await page.getByRole('switch', { name: 'fraud-score in production, killed' }).count(), 1);
  assert.equal(await page.getByRole('switch', { name: 'fraud-score in staging, killed' }).count(), 0);
});

test('what someone else changed appears, and is not overwritten', async () => {
  await open();
  await toggle('search-limits', 'staging').waitFor();
  const now = await store.config('search-limits', 'staging');
  await store.api('PATCH', '/environments/staging/flags/search-limits', { instructions: [{ kind: now.enabled ? 'turnOff' : 'turnOn' }] });
  await page.waitForFunction(
    (wanted) => document.querySelector('[aria-label="search-limits in staging"]').ariaChecked === wanted,
    String(!now.enabled),
  );
  // Deaf to others, so the change meets another version.
  await openPage();
  await page.route(/api.v1.(audit|events)/, (request) => request.abort());
  await signIn(page, store);
  await toggle('search-limits', 'staging').waitFor();
  await store.api('PATCH', '/environments/staging/flags/search-limits', { instructions: [{ kind: 'kill', reason: 'theirs' }] });
  await toggle('search-limits', 'staging').click();
  await page.getByText('search-limits was changed by someone else meanwhile').waitFor();
  await page.getByRole('switch', { name: 'search-limits in staging, killed' }).waitFor();
  assert.equal((await store.config('search-limits', 'staging')).enabled, !now.enabled);
});

test('a switch goes back when the store is gone, and works when it is there again', async () => {
  await open();
  await toggle('banner', 'dev').waitFor();
  const before = await toggle('banner', 'dev').getAttribute('aria-checked');
  await store.kill();
  await toggle('banner', 'dev').click();
  await page.getByText('The store does not answer').waitFor();
  assert.equal(await toggle('banner', 'dev').getAttribute('aria-checked'), before);
  await store.start();
  await toggle('banner', 'dev').click();
  await page.getByText(`banner is ${before === 'true' ? 'off' : 'on'} in dev`).waitFor();
});

test('a viewer sees the switches and cannot use them', async () => {
  const { token } = await store.api('POST', '/tokens', { name: 'looks', kind: 'viewer' });
  await openPage();
  await signIn(page, { ...store, token });
  await toggle('banner').waitFor();
  assert.equal(await toggle('banner').isDisabled(), true);
  assert.equal(await page.getByRole('button', { name: 'New flag' }).count(), 0);
});

test('planted markup is text, wherever it stands', async () => {
  const planted = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'\u202e🏴';
  await store.api('POST', '/flags', { key: 'planted', type: 'boolean', variants: [{ key: planted, value: true }],
    name: planted, description: planted, owner: planted, tags: [planted, 'javascript:alert(3)'] });
  await open();
  await row('planted').waitFor();
  assert.match(await row('planted').innerText(), /<img src=x onerror=alert\(1\)>/);
  assert.equal(await page.locator('img').count(), 0);
  await page.getByLabel('Owner', { exact: true }).selectOption(planted);
  await listed(1);
  await assertAccessible(page);
  await store.api('DELETE', '/flags/planted');
});

test('two thousand flags: only those in view are made, and every one can be found', async () => {
  const big = await Store.make();
  try {
    const flags = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [
      `flag-${String(i).padStart(4, '0')}`, { type: 'boolean', variants: [{ key: 'on', value: true }], owner: `team-${i % 7}` },
    ]));
    await big.api('POST', '/environments/production/import', { environment: 'production', flags });
    await openPage({}, big);
    await signIn(page, big);
    await toggle('flag-0000').waitFor();
    assert.ok((await page.getByRole('row').count()) < 60);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await toggle('search-limits').waitFor();
    assert.ok((await page.getByRole('row').count()) < 60);
    await page.getByLabel('Search flags').fill('flag-1777');
    await toggle('flag-1777').waitFor();
    await listed(1);
  } finally {
    await big.end();
  }
});

test('an empty store leads to a first flag and the command that evaluates it', async () => {
  const empty = await Store.make({ example: false });
  try {
    await openPage({}, empty);
    await signIn(page, empty);
    await page.getByRole('button', { name: /Make the environment/ }).click();
    await page.getByLabel('Key').fill('hello');
    await page.getByRole('button', { name: 'Make the flag' }).click();
    const command = await page.getByLabel('Command').innerText();
    await assertAccessible(page);
    const answer = JSON.parse(execFileSync('bash', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    assert.equal(answer.key, 'hello');
    await page.getByRole('button', { name: 'Show the flags' }).click();
    await toggle('hello').click();
    await page.getByText('hello is on in production').waitFor();
  } finally {
    await empty.end();
  }
});

for (const [look, options] of Object.entries({ light: {}, dark: { scheme: 'dark' }, narrow: { width: 360, height: 740 } })) {
  test(`axe finds nothing on the list, ${look}`, async () => {
    await open(options);
    await toggle('banner').waitFor();
    await assertAccessible(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await page.getByRole('button', { name: 'New flag' }).click();
    await page.getByRole('dialog').waitFor();
    await assertAccessible(page);
  });
}
