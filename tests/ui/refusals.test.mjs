// A store that is asked too often, fails, or stands behind a proxy that does: the page says so, and nothing is lost.
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { plantExample } from './example.mjs';
import { Proxy } from './proxy.mjs';
import { assertAccessible, eventually, openPage, page, setUp, signIn, Store, store } from './world.mjs';

let proxy;

setUp(async () => {
  await plantExample(store);
  proxy = await Proxy.before(store);
});
afterEach(() => {
  proxy.answer = () => undefined;
});
after(() => proxy.end());

const problem = (status, detail, headers = {}) => ({
  status, headers: { 'Content-Type': 'application/problem+json', ...headers }, body: JSON.stringify({ title: '', status, code: 'internal', detail }),
});
const tooMany = (seconds) => problem(429, 'this token sends too many requests', { 'Retry-After': String(seconds) });
const failing = problem(500, 'the disk is on fire', { 'X-Request-Id': 'abc123' });

/** The first `times` requests that fit are answered so. */
function answers(method, path, answer, times = Infinity) {
  let left = times;
  proxy.answer = (request) => (request.method === method && path.test(request.url) && left-- > 0 ? answer : undefined);
}
const open = async (hash) => {
  await openPage({}, proxy);
  await signIn(page, proxy, hash);
};
const toggle = () => page.getByRole('switch', { name: 'banner in production' });
const document = () => page.getByLabel('Document');

test('a store that is asked too often is asked again when it says, and the page tells that it waits', async () => {
  answers('GET', /^\/api\/v1\/flags\?/, tooMany(1), 2);
  await openPage({}, proxy);
  const told = page.getByText(/Too many requests: going on in \d s/);
  await Promise.all([told.waitFor(), signIn(page, proxy)]); // looked for from the beginning: it does not stay
  await toggle().waitFor();
  await page.getByText(/Too many requests/).waitFor({ state: 'detached' });
});

test('a store that limits its callers shows all of its flags in the end', async () => {
  const strict = await Store.make({ apiRate: 3 });
  try {
    await openPage({}, strict);
    await signIn(page, strict);
    await toggle().waitFor();
  } finally {
    await strict.end();
  }
});

test('a pause that is too long for anybody is told instead', async () => {
  answers('GET', /^\/api\/v1\/flags\?/, tooMany(3600), 1);
  await open('#/flags');
  await page.getByRole('alert').getByText('Try again in 3600 seconds').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await toggle().waitFor();
});

test('a change that came too often was not made, goes back, and is made when one tries again', async () => {
  await open('#/flags');
  await toggle().waitFor();
  const before = await store.config('banner');
  answers('PATCH', /./, tooMany(1), 1);
  await toggle().click();
  await page.getByText(/banner stays .*nothing was done. Try again in 1 seconds/).waitFor();
  await assertAccessible(page);
  assert.equal(await toggle().getAttribute('aria-checked'), String(before.enabled));
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText(/banner is o(n|ff) in production/).waitFor();
  assert.notEqual((await store.config('banner')).enabled, before.enabled);
});

for (const [what, answer, words] of [
  ['a store that fails', failing, 'the disk is on fire (request abc123)'],
  ['a proxy that fails', { status: 502, headers: { 'Content-Type': 'text/html' }, body: '<h1>Bad gateway</h1>' }, 'what stands before it, answered 502'],
]) {
  test(`${what} is named where a page cannot be shown, and it is when one tries again`, async () => {
    answers('GET', /^\/api\/v1\/flags\?/, answer);
    for (const hash of ['#/flags', '#/flags/banner?environment=production']) {
      await open(hash);
      await page.getByRole('alert').getByText(words).waitFor();
      await assertAccessible(page);
    }
    await open('#/segments?environment=production');
    answers('GET', /segments/, answer);
    await page.reload();
    await page.getByRole('alert').getByText(words).waitFor();
    proxy.answer = () => undefined;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Open beta' }).waitFor();
  });

  test(`a draft outlives ${what}, and is saved when that is over`, async () => {
    await store.api('PUT', '/environments/production/flags/banner', { default: { variant: 'plain' } });
    await open('#/flags/banner?environment=production');
    answers('PUT', /./, answer);
    await page.getByLabel('What the default serves').selectOption('variant sale');
    await page.getByText('not checked yet').waitFor();
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByLabel('Comment').fill('for the sale');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('alert').getByText(words).waitFor();
    await page.getByRole('alert').getByText('The draft is kept').waitFor();
    assert.equal(await page.getByLabel('Comment').inputValue(), 'for the sale');
    await assertAccessible(page);
    await page.reload();
    await page.getByText('What you had not saved is here again').waitFor();
    await page.getByText('not checked yet').waitFor();
    proxy.answer = () => undefined;
    await page.getByText('not checked yet').waitFor({ state: 'detached' }); // by itself
    assert.equal(JSON.parse(await document().inputValue()).default.variant, 'sale');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('banner is saved in production').waitFor();
    assert.deepEqual((await store.config('banner')).default, { variant: 'sale' });
  });
}

test('what could not be had when somebody changed it is had a little later', async () => {
  await open('#/flags');
  await toggle().waitFor();
  const { enabled } = await store.config('banner');
  answers('GET', /production\/flags\/banner$/, failing, 1);
  await store.api('PATCH', '/environments/production/flags/banner', { instructions: [{ kind: enabled ? 'turnOff' : 'turnOn' }] });
  await eventually(async () => (await toggle().getAttribute('aria-checked')) === String(!enabled), 'it is shown');
});

test('a store that has no room for another stream is asked for news instead', async () => {
  answers('GET', /events$/, problem(503, 'too many requests are waiting', { 'Retry-After': '30' }));
  await open('#/flags');
  await toggle().waitFor();
  const { enabled } = await store.config('banner');
  await store.api('PATCH', '/environments/production/flags/banner', { instructions: [{ kind: enabled ? 'turnOff' : 'turnOn' }] });
  await eventually(async () => (await toggle().getAttribute('aria-checked')) === String(!enabled), 'it is shown');
});
