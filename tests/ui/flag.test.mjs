// The page of one flag: the builder, the document beside it, saving, and what goes wrong meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantExample } from './example.mjs';
import { assertAccessible, eventually, openPage, page, setUp, signIn, store } from './world.mjs';

let daemon;

setUp(async () => {
  await plantExample(store);
  daemon = await store.follower();
});

const open = async (flag, { deaf = false, ...options } = {}) => {
  await openPage(options);
  if (deaf) await page.route(/api.v1.(audit|events)/, (request) => request.abort());
  await signIn(page, store, `#/flags/${flag}?environment=production`);
  await page.getByLabel('Document').waitFor();
};
const put = (flag, body) => store.api('PUT', `/environments/production/flags/${flag}`, body);
const documentShown = async () => JSON.parse(await page.getByLabel('Document').inputValue());
const review = () => page.getByRole('button', { name: 'Review and save' }).click();
const save = () => page.getByRole('button', { name: 'Save', exact: true }).click();

test('a rule that is built here decides what a daemon answers', async () => {
  await put('dark-mode', { default: { variant: 'off' } });
  await open('dark-mode');
  await page.getByRole('button', { name: '+ Rule' }).click();
  await page.getByLabel('Attribute of rules[0].when.all[0]').fill('country');
  await page.getByLabel('Values of rules[0].when.all[0]').fill('NO, SE');
  assert.deepEqual((await documentShown()).rules[0].when, { all: [{ attr: 'country', op: 'in', values: ['NO', 'SE'] }] });
  await review();
  await page.getByRole('dialog').getByText(/rules: .* is new/).waitFor();
  await page.getByLabel('Comment').fill('the north first');
  await save();
  await page.getByText('dark-mode is saved in production').waitFor();
  const value = async (country) => (await daemon.answer('dark-mode', { targetingKey: 'a', country })).value;
  await eventually(async () => (await value('NO')) === true, 'Norway has it');
  assert.equal(await value('DE'), false);
  const { versions } = await store.api('GET', '/environments/production/flags/dark-mode/versions');
  assert.equal(versions[0].comment, 'the north first');
});

test('form and document are always in step', async () => {
  await put('dark-mode', { default: { variant: 'off' } });
  await open('dark-mode');
  await page.getByLabel('What the default serves').selectOption('split');
  await page.getByLabel('Percent of on in the default').fill('30');
  await page.getByLabel('Percent of on in the default').blur();
  await eventually(async () => (await page.getByLabel('Percent of off in the default').inputValue()) === '70', 'the other made room');
  assert.deepEqual((await documentShown()).default.split.weights, [{ variant: 'on', weight: 30 }, { variant: 'off', weight: 70 }]);
  await page.getByLabel('Document').fill(JSON.stringify({ ...(await documentShown()), default: { variant: 'on' } }));
  assert.equal(await page.getByLabel('What the default serves').inputValue(), 'variant on');
  await page.getByLabel('Document').fill('{"default": ');
  await page.getByText('The document is no JSON yet.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Review and save' }).isDisabled(), true);
});

test('what is half typed stays when somebody changes something else', async () => {
  await put('dark-mode', { default: { split: { weights: [{ variant: 'on', weight: 1 }, { variant: 'off', weight: 1 }] } } });
  await open('dark-mode');
  await page.getByLabel('Percent of on in the default').fill('30');
  await store.api('POST', '/environments', { key: 'theirs' });
  await page.getByRole('button', { name: 'theirs' }).waitFor();
  await page.getByLabel('Percent of on in the default').blur();
  await eventually(async () => (await page.getByLabel('Percent of off in the default').inputValue()) === '70', 'the other made room');
  await store.api('DELETE', '/environments/theirs?confirm=theirs');
});

test('weights sum to the same, however the sliders are moved', async () => {
  await put('banner', { default: { split: { weights: [
    { variant: 'plain', weight: 1 }, { variant: 'beta', weight: 1 }, { variant: 'sale', weight: 1 }] } } });
  await open('banner');
  const sum = async () => (await documentShown()).default.split.weights.reduce((total, { weight }) => total + weight, 0);
  for (const [variant, keys] of [['beta', ['End']], ['plain', ['Home', 'ArrowRight', 'ArrowRight']], ['sale', ['PageUp']]]) {
    await page.getByLabel(`Share of ${variant} in the default`).focus();
    for (const key of keys) await page.keyboard.press(key);
    assert.equal(await sum(), 100);
  }
});

test('a ramp is drawn on a time line, and keeps its shares when the weights become finer', async () => {
  await put('dark-mode', { default: { split: { weights: [{ variant: 'on', weight: 1 }, { variant: 'off', weight: 1 }] } } });
  await open('dark-mode');
  await page.getByRole('button', { name: 'Add a ramp to the default' }).click();
  await page.getByLabel('Start of the ramp in the default', { exact: true }).fill('2000-01-01T00:00');
  await page.getByLabel('End of the ramp in the default', { exact: true }).fill('2000-01-03T00:00');
  await page.getByRole('img', { name: 'on goes from 0 percent to 100 percent; now it has 100 percent' }).waitFor();
  await page.getByLabel('Percent at the end of the ramp in the default').fill('40');
  await page.getByLabel('Percent at the end of the ramp in the default').press('Enter');
  await page.getByRole('img', { name: 'on goes from 0 percent to 40 percent; now it has 40 percent' }).waitFor();
  await assertAccessible(page);
  await review();
  await save();
  await page.getByText('Unsaved changes').waitFor({ state: 'detached' });
  const { ramp, weights } = (await store.config('dark-mode')).default.split;
  assert.equal(ramp.endWeight / (weights[0].weight + weights[1].weight), 0.4);
  assert.equal(new Date(ramp.to) - new Date(ramp.from), 2 * 86_400_000);
  await page.getByRole('button', { name: 'Remove the ramp of the default' }).click();
  await page.getByRole('button', { name: 'Add a ramp to the default' }).waitFor();
  assert.equal((await documentShown()).default.split.ramp, undefined);
});

test('what the compiler refuses is told at its rule, before it is saved', async () => {
  await put('dark-mode', { default: { variant: 'off' }, rules: [
    { id: 'a', when: { attr: 'x', op: 'in', values: ['1'] }, serve: { variant: 'on' } },
    { id: 'b', when: { attr: 'y', op: 'in', values: ['1'] }, serve: { variant: 'on' } }] });
  await open('dark-mode');
  await page.getByLabel('Operator of rules[1].when').selectOption('regex');
  await page.getByLabel('Values of rules[1].when').fill('(');
  await page.locator('.rule.wrong').waitFor();
  assert.equal(await page.locator('.rule').nth(1).getAttribute('class'), 'rule  wrong');
  assert.equal(await page.getByLabel('Values of rules[1].when').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByRole('button', { name: 'Review and save' }).isDisabled(), true);
  await page.getByLabel('Values of rules[1].when').fill('^v1');
  await page.locator('.rule.wrong').waitFor({ state: 'detached' });
  await review();
});

test('rules are moved by keyboard and by dragging', async () => {
  const rule = (id) => ({ id, serve: { variant: 'on' } });
  await put('dark-mode', { rules: [rule('a'), rule('b'), rule('c')] });
  await open('dark-mode');
  const order = async () => (await documentShown()).rules.map(({ id }) => id).join('');
  await page.getByRole('button', { name: 'Move rule 1 down' }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await order(), 'bac');
  await page.locator('.handle').nth(2).dragTo(page.locator('.rule').nth(0));
  assert.equal(await order(), 'cba');
});

test('a kill takes effect at once, says why, and is taken back', async () => {
  await put('dark-mode', { default: { variant: 'on' }, offVariant: 'off' });
  await open('dark-mode');
  await page.getByRole('button', { name: 'Kill…' }).click();
  await page.getByLabel('Reason').fill('everything is dark');
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Kill it' }).click();
  await page.getByText('Everybody gets the off variant.').waitFor();
  await page.getByLabel('State', { exact: true }).getByText('everything is dark').waitFor();
  const value = async () => (await daemon.answer('dark-mode', { targetingKey: 'a' })).value;
  await eventually(async () => (await value()) === false, 'the daemon has the kill');
  await page.getByRole('button', { name: 'Take back the kill' }).click();
  await page.getByRole('button', { name: 'Kill…' }).waitFor();
  await eventually(async () => (await value()) === true, 'the daemon has it back');
});

test('someone else saved first: what they did is shown, and both are merged', async () => {
  await put('banner', { default: { variant: 'plain' }, offVariant: 'plain' });
  await open('banner', { deaf: true }); // hears of it by the refusal alone
  await page.getByLabel('What the default serves').selectOption('variant sale');
  await put('banner', { default: { variant: 'beta' }, offVariant: 'sale' });
  await review();
  await save();
  const dialog = page.getByRole('dialog', { name: 'Someone else saved first' });
  await dialog.getByText('default.variant: "plain" becomes "beta"').waitFor();
  await dialog.getByText('You both changed').waitFor();
  await assertAccessible(page);
  await dialog.getByRole('button', { name: /Merge/ }).click();
  await page.getByLabel('Comment').waitFor();
  await save();
  await page.getByText('banner is saved in production').waitFor();
  const saved = await store.config('banner');
  assert.deepEqual([saved.default, saved.offVariant], [{ variant: 'sale' }, 'sale']);
});

test('a draft outlives the store and the page', async () => {
  await put('banner', { default: { variant: 'plain' } });
  await open('banner');
  await page.getByLabel('What the default serves').selectOption('variant beta');
  await review();
  await store.kill();
  await save();
  await page.getByText('The draft is kept in this browser.').waitFor();
  await store.start();
  await page.reload();
  await page.getByText('What you had not saved is here again').waitFor();
  assert.equal(await page.getByLabel('What the default serves').inputValue(), 'variant beta');
  await review();
  await save();
  await page.getByText('banner is saved in production').waitFor();
  assert.deepEqual((await store.config('banner')).default, { variant: 'beta' });
});

test('a document of more than 10,000 lines is shown, changed in the form and saved whole', async () => {
  const values = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
  await put('banner', { targets: [{ variant: 'sale', values }], default: { variant: 'plain' } });
  await open('banner');
  const lines = (await page.getByLabel('Document').inputValue()).split('\n').length;
  assert.ok(lines > 10_000, `${lines} lines`);
  await page.getByLabel('What the default serves').selectOption('variant beta');
  await review();
  await save();
  await page.getByText('Unsaved changes').waitFor({ state: 'detached' });
  const saved = await store.config('banner');
  assert.deepEqual([saved.default, saved.targets[0].values], [{ variant: 'beta' }, values]);
});

test('an earlier version is restored', async () => {
  await put('banner', { default: { variant: 'plain' } });
  const { version } = await store.config('banner');
  await put('banner', { default: { variant: 'sale' } });
  await open('banner');
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByText(`What changed in version ${version + 1}`).click();
  await page.getByText('default.variant: "plain" becomes "sale"').waitFor();
  await assertAccessible(page);
  await page.getByRole('button', { name: `Restore version ${version}`, exact: true }).click();
  await page.getByText(`is as version ${version} was`).waitFor();
  assert.deepEqual((await store.config('banner')).default, { variant: 'plain' });
});

test('saving the settings changes what was changed, and leaves the rest', async () => {
  await store.api('PATCH', '/flags/legacy-cart', { lifecycle: 'deprecated' });
  await open('legacy-cart');
  await page.goto('/#/flags/legacy-cart?environment=production&view=settings');
  assert.equal(await page.getByLabel('Lifecycle').inputValue(), 'deprecated');
  await page.getByLabel('Owner').fill('nobody');
  await page.getByRole('button', { name: 'Save for all environments' }).click();
  await page.getByText('legacy-cart is saved').waitFor();
  const flag = await store.api('GET', '/flags/legacy-cart');
  assert.deepEqual([flag.owner, flag.lifecycle], ['nobody', 'deprecated']);
});

const openSettings = async (flag, options) => {
  await open(flag, options);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Owner').waitFor();
};
const saveSettings = () => page.getByRole('button', { name: 'Save for all environments' }).click();
const theirs = () => page.getByRole('region', { name: 'What they changed' });

test('settings that are being typed stay when somebody else saves, and so does what they saved', async () => {
  await store.api('PATCH', '/flags/legacy-cart', { owner: 'web', name: null, tags: null });
  await openSettings('legacy-cart');
  await page.getByLabel('Owner').fill('mine');
  await store.api('PATCH', '/flags/legacy-cart', { name: 'Theirs', tags: ['theirs'] });
  await page.getByRole('heading', { level: 1 }).locator('..').getByText('Theirs').waitFor(); // it is known here
  assert.equal(await page.getByLabel('Owner').inputValue(), 'mine');
  const told = theirs().getByRole('listitem');
  await told.first().waitFor();
  assert.deepEqual(await told.allTextContents(), ['name: "Theirs" is new', 'tags: ["theirs"] is new']);
  await assertAccessible(page);
  await saveSettings();
  await page.getByText('legacy-cart is saved').waitFor();
  await theirs().waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Name').inputValue(), 'Theirs');
  const { owner, name, tags } = await store.api('GET', '/flags/legacy-cart');
  assert.deepEqual({ owner, name, tags }, { owner: 'mine', name: 'Theirs', tags: ['theirs'] });
});

test('settings that somebody else saved first are told when the store refuses, and taken when one wants them', async () => {
  await store.api('PATCH', '/flags/legacy-cart', { owner: 'web' });
  await openSettings('legacy-cart', { deaf: true });
  await page.getByLabel('Owner').fill('mine');
  await store.api('PATCH', '/flags/legacy-cart', { owner: 'theirs' });
  await saveSettings();
  await theirs().getByText('owner: "web" becomes "theirs"').waitFor();
  assert.equal(await page.getByLabel('Owner').inputValue(), 'mine');
  assert.equal((await store.api('GET', '/flags/legacy-cart')).owner, 'theirs');
  await page.getByRole('button', { name: 'Take theirs, drop mine' }).click();
  await theirs().waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Owner').inputValue(), 'theirs');
  await page.getByLabel('Owner').fill('mine again');
  await saveSettings();
  await page.getByText('legacy-cart is saved').waitFor();
  assert.equal((await store.api('GET', '/flags/legacy-cart')).owner, 'mine again');
});

test('deleting asks for the key', async () => {
  await store.api('POST', '/flags', { key: 'short-lived', type: 'boolean', variants: [{ key: 'on', value: true }] });
  await open('short-lived');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  const sure = page.getByRole('button', { name: 'Delete it everywhere' });
  await page.getByLabel('Type short-lived to delete it').fill('short');
  assert.equal(await sure.isDisabled(), true);
  await page.getByLabel('Type short-lived to delete it').fill('short-lived');
  await sure.click();
  await page.getByText('short-lived is deleted').waitFor();
});

test('planted markup in variants, rules and comments is text; so are Arabic and emoji', async () => {
  const planted = '<img src=x onerror=alert(1)>"\'`مرحبا🏴';
  await store.api('POST', '/flags', { key: 'planted', type: 'string', variants: [{ key: planted, value: planted }] });
  await store.api('PUT', `/environments/production/flags/planted?comment=${encodeURIComponent(planted)}`, {
    offVariant: planted, kill: { reason: planted }, targets: [{ variant: planted, values: [planted] }],
    rules: [{ name: planted, when: { attr: planted, op: 'in', values: [planted] }, serve: { variant: planted } }] });
  await open('planted');
  await page.getByLabel('Document').waitFor();
  await assertAccessible(page);
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByText(`“${planted}”`).waitFor();
  assert.equal(await page.locator('img').count(), 0);
});

for (const [look, options] of Object.entries({ light: {}, dark: { scheme: 'dark' }, narrow: { width: 360, height: 740 } })) {
  test(`axe finds nothing on a flag, ${look}`, async () => {
    await open('checkout-v2', options);
    await assertAccessible(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await page.getByRole('button', { name: 'Settings' }).click();
    await assertAccessible(page);
  });
}
