// What the store's compiler refuses is told at the field that it is about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantExample } from './example.mjs';
import { assertAccessible, eventually, openPage, page, setUp, signIn, store } from './world.mjs';

setUp(plantExample);

const open = async (options) => {
  await store.api('PUT', '/environments/production/flags/dark-mode', { default: { variant: 'off' } });
  await openPage(options);
  await signIn(page, store, '#/flags/dark-mode?environment=production');
  await page.getByLabel('Document').waitFor();
};
const write = (document) => page.getByLabel('Document').fill(JSON.stringify(document));
const review = () => page.getByRole('button', { name: 'Review and save' });
const wrong = () => page.locator('[aria-invalid=true]');

/** The field of that name is the only one that is wrong, and says so in these words. */
async function toldAt(label, words) {
  const field = page.getByLabel(label, { exact: true });
  await eventually(async () => (await field.getAttribute('aria-invalid')) === 'true', `${label} is wrong`);
  assert.equal(await wrong().count(), 1);
  const told = page.locator(`[id="${await field.getAttribute('aria-describedby')}"]`);
  assert.match(await told.innerText(), words);
  assert.equal(await told.getAttribute('role'), 'alert');
  assert.equal(await review().isDisabled(), true);
  return field;
}

const test1 = (test, group = 'all') => ({ rules: [{ id: 'r', when: { [group]: [{ attr: 'ok', op: 'exists' }, test] }, serve: { variant: 'on' } }] });
const split = (weights, more = {}) => ({ default: { split: { weights, ...more } } });
const halves = [{ variant: 'on', weight: 50 }, { variant: 'off', weight: 50 }];
const ramp = { variant: 'on', from: '2027-01-01T00:00:00Z', to: '2027-01-02T00:00:00Z', startWeight: 0, endWeight: 100 };

const rows = {
  'a regular expression': [test1({ attr: 'a', op: 'regex', values: ['ok', '('] }), 'Values of rules[0].when.all[1]', /^No\. 2: is no regular expression/],
  'a version': [test1({ attr: 'a', op: 'semverGt', values: ['x'] }, 'any'), 'Values of rules[0].when.any[1]', /^No\. 1: "x" is no semantic version/],
  'a network, in a group in a group': [test1({ any: [{ attr: 'ip', op: 'cidr', values: ['zz'] }] }),
    'Values of rules[0].when.all[1].any[0]', /is no IP address/],
  'an attribute': [test1({ attr: '', op: 'in', values: ['1'] }), 'Attribute of rules[0].when.all[1]', /is no attribute/],
  'an operator': [test1({ attr: 'a', op: 'resembles', values: ['1'] }), 'Operator of rules[0].when.all[1]', /is not an operator/],
  'what a rule serves': [{ rules: [{ serve: { variant: 'gone' } }] }, 'What rule 1 serves', /there is no variant "gone"/],
  'a weight': [split([{ variant: 'on', weight: -1 }, { variant: 'off', weight: 200 }]), 'Percent of on in the default', /expected a whole number/],
  'a variant in a split': [split([{ variant: 'on', weight: 50 }, { variant: 'gone', weight: 50 }]), 'Percent of gone in the default', /there is no variant/],
  'the end of a ramp': [split(halves, { ramp: { ...ramp, to: '2026-01-01T00:00:00Z' } }), 'End of the ramp in the default', /is not after from/],
  'a share of a ramp': [split(halves, { ramp: { ...ramp, endWeight: 101 } }), 'Percent at the end of the ramp in the default', /more than the sum/],
  'a prerequisite': [{ prerequisites: [{ flag: 'banner' }, { flag: 'gone' }] }, 'Flag of prerequisite 2', /there is no flag "gone"/],
  'a prerequisite that leads back': [{ prerequisites: [{ flag: 'checkout-v2' }] }, 'Flag of prerequisite 1', /part of a cycle/],
  'a target’s value': [{ targets: [{ variant: 'on', values: ['ann', {}] }] }, 'Targeting keys that get on', /^No\. 2: /],
  'the default': [{ default: { variant: 'gone' } }, 'What the default serves', /there is no variant "gone"/],
  'the off variant': [{ offVariant: 'gone' }, 'Off variant', /there is no variant "gone"/],
};

test('each kind of mistake is told at its field, and nowhere else', async () => {
  await open();
  for (const [what, [document, label, words]] of Object.entries(rows)) {
    await write(document);
    await toldAt(label, words).catch((error) => assert.fail(`${what}: ${error.message}`));
    await write({ default: { variant: 'on' } });
    await wrong().waitFor({ state: 'detached' });
  }
});

test('what is mended in the form is not wrong any more', async () => {
  await open();
  await page.getByRole('button', { name: '+ Rule' }).click();
  await page.getByLabel('Operator of rules[0].when.all[0]').selectOption('gt');
  await page.getByLabel('Values of rules[0].when.all[0]').fill('7, seven');
  const values = await toldAt('Values of rules[0].when.all[0]', /^No\. 2: is a string, the operator "gt" takes numbers/);
  await values.fill('7, 8');
  await wrong().waitFor({ state: 'detached' });
  assert.equal(await review().isEnabled(), true);
});

test('one is led to the field, and axe finds nothing there', async () => {
  for (const options of [{ scheme: 'light' }, { scheme: 'dark' }, { width: 360, height: 740 }]) {
    await open(options);
    await write(rows['the off variant'][0]);
    const field = await toldAt('Off variant', /there is no variant/);
    await page.getByRole('button', { name: 'Go to it' }).click();
    assert.equal(await field.evaluate((it) => it === document.activeElement), true);
    await assertAccessible(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  }
});

test('what has no field is told at its rule, or at the document', async () => {
  await open();
  await write({ rules: [{ serve: { variant: 'on' } }, { serve: { variant: 'on' }, colour: 'red' }] });
  await page.locator('.rule').nth(1).getByRole('alert').getByText('is not known here').waitFor();
  assert.equal(await page.locator('.rule.wrong').count(), 1);
  await write({ colour: 'red' });
  await page.locator('#document-error').getByText('colour: is not known here').waitFor();
  assert.equal(await page.getByLabel('Document').getAttribute('aria-invalid'), 'true');
});

test('what is wrong in a form is told at its field', async () => {
  await open();
  const told = async (field, words) => {
    await eventually(async () => (await field.getAttribute('aria-invalid')) === 'true', `${field} is wrong`);
    assert.equal(await wrong().count(), 1);
    assert.match(await page.locator(`[id="${await field.getAttribute('aria-describedby')}"]`).innerText(), words);
  };
  await page.getByRole('button', { name: 'Settings' }).click();
  const save = () => page.getByRole('button', { name: 'Save for all environments' }).click();
  await page.getByLabel('Variants').fill('[{"key": "on"}]');
  await save();
  await told(page.getByLabel('Variants'), /value/);
  await page.getByLabel('Variants').fill('[');
  await save();
  await told(page.getByLabel('Variants'), /JSON/);
  await page.goto('/#/environments');
  await page.getByRole('textbox', { name: /^Key/ }).fill('production');
  await page.getByRole('button', { name: 'Make the environment' }).click();
  await told(page.getByRole('textbox', { name: /^Key/ }), /there is an environment "production" already/);
  await page.goto('/#/schedule?environment=production');
  await page.getByLabel('Flag', { exact: true }).fill('dark-mode');
  await page.getByLabel('When').fill('2001-01-01T00:00');
  await page.getByRole('button', { name: 'Schedule it' }).click();
  await told(page.getByLabel('When'), /is not in the future/);
  await page.getByLabel('When').fill('2101-01-01T00:00');
  await page.getByLabel('What').selectOption('patch');
  await page.getByRole('textbox', { name: /^Merge patch/ }).fill('{"default": {"variant": "gone"}}');
  await page.getByRole('button', { name: 'Schedule it' }).click();
  await told(page.getByRole('textbox', { name: /^Merge patch/ }), /there is no variant "gone"/);
  await assertAccessible(page);
});

test('a document that no form can show leaves the page, and can be mended', async () => {
  await open();
  for (const document of [{ rules: 3 }, { targets: [7] }, { default: { split: {} } }, { prerequisites: {} }, { rules: [{ when: 'x', serve: null }] }]) {
    await write(document);
    await page.getByText(/The form cannot show this|expected/).first().waitFor();
    assert.equal(await page.getByLabel('Document').isVisible(), true);
    await eventually(() => review().isDisabled(), 'it cannot be saved');
    await write({ default: { variant: 'on' } });
    await page.getByLabel('What the default serves').waitFor();
  }
});
