// The core of the page once more, on a store whose database is PostgreSQL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, launch, newPage, signIn, startPostgres, Store } from './world.mjs';

test('on PostgreSQL a flag is made, given a rule, and answered by a daemon', async () => {
  const postgres = await startPostgres();
  const store = await Store.make({ database: postgres.address });
  const browser = await launch();
  try {
    const daemon = await store.follower();
    const page = await newPage(browser, store);
    await signIn(page, store);
    await page.getByRole('button', { name: 'New flag' }).click();
    await page.getByRole('textbox', { name: /^Key/ }).fill('made-here');
    await page.getByRole('button', { name: 'Make the flag' }).click();
    await page.getByLabel('Document').waitFor();
    await page.getByLabel('What the default serves').selectOption('variant on');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('made-here is saved in production').waitFor();
    await page.getByRole('switch', { name: 'made-here in production' }).click();
    await eventually(async () => (await daemon.answer('made-here', { targetingKey: 'a' })).value === true, 'the daemon answers');
    await page.getByRole('button', { name: 'History' }).click();
    await page.getByText('Version 3', { exact: true }).waitFor();
    // What another client changes is told by the database's notices, and protection is kept in the database.
    await page.getByRole('link', { name: 'Flags', exact: true }).first().click();
    await store.api('PATCH', '/environments/production/flags/made-here', { instructions: [{ kind: 'kill', reason: 'theirs' }] });
    await page.getByRole('switch', { name: 'made-here in production, killed' }).waitFor();
    await store.api('PUT', '/environments/production', { name: 'Production', protected: true });
    await page.getByRole('columnheader', { name: 'Production protected' }).waitFor();
    await page.getByRole('switch', { name: 'banner in production' }).click();
    await page.getByRole('dialog', { name: /Turn banner/ }).waitFor();
    assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
    await store.end();
    await postgres.end();
  }
});
