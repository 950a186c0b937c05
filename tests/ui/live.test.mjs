// What others change appears without a reload: told by the store, or asked for where it cannot tell.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plantExample } from './example.mjs';
import { eventually, openPage, page, setUp, signIn, store } from './world.mjs';

setUp(plantExample);

const toggle = (flag, environment = 'production') => page.getByRole('switch', { name: `${flag} in ${environment}` });

/** Opens a page, and keeps what it asks the store for in `page.asked`. */
async function open(hash, { as = store, deaf = false, beforeLook = async () => {} } = {}) {
  await openPage();
  page.asked = [];
  const pathOf = (request) => new URL(request.url()).pathname.replace('/api/v1/', '');
  page.on('request', (request) => {
    const path = pathOf(request);
    if (!path.endsWith('/usage')) page.asked.push(path); // that is asked for when everything else is there
  });
  let environmentsRead = 0;
  page.on('requestfinished', (request) => (environmentsRead += Number(pathOf(request) === 'environments')));
  if (deaf) await page.route('**/api/v1/events', (route) => route.abort());
  await page.route('**/api/v1/audit?*', async (route) => {
    await beforeLook();
    await route.continue();
  });
  const streaming = deaf ? null : page.waitForResponse('**/api/v1/events');
  await signIn(page, as, hash);
  if (deaf) return;
  assert.equal((await streaming).status(), 200);
  // With the list, and once more when the stream has begun: what was changed in between.
  await eventually(() => environmentsRead === 2, 'the page has caught up');
}

/** Another editor switches a flag; answers whether it is on now. */
async function switchAs(flag, environment = 'production') {
  const now = await store.config(flag, environment);
  await store.api('PATCH', `/environments/${environment}/flags/${flag}`, { instructions: [{ kind: now.enabled ? 'turnOff' : 'turnOn' }] });
  return !now.enabled;
}

const shows = (flag, environment, isOn) =>
  eventually(async () => (await toggle(flag, environment).getAttribute('aria-checked')) === String(isOn), `${flag} is ${isOn}`);

test('another client’s change is told on the stream, and only what changed is asked for', async () => {
  await open('#/flags');
  await toggle('banner').waitFor();
  page.asked = [];
  await shows('banner', 'production', await switchAs('banner'));
  await shows('banner', 'production', await switchAs('banner'));
  const config = 'environments/production/flags/banner';
  assert.deepEqual(page.asked, [config, config]);
});

test('one’s own change is not asked for again', async () => {
  await open('#/flags');
  await toggle('dark-mode', 'dev').waitFor();
  page.asked = [];
  await toggle('dark-mode', 'dev').click();
  await page.getByText(/dark-mode is o(n|ff) in dev/).waitFor();
  await shows('banner', 'dev', await switchAs('banner', 'dev')); // told after it
  assert.deepEqual(page.asked, ['environments/dev/flags/dark-mode', 'environments/dev/flags/banner']);
});

test('a flag, a segment and an environment that others make are there by themselves', async () => {
  await open('#/flags');
  await toggle('banner').waitFor();
  await store.api('POST', '/flags', { key: 'theirs', type: 'boolean', variants: [{ key: 'on', value: true }] });
  await toggle('theirs').waitFor();
  await page.goto('/#/segments?environment=production');
  await page.getByRole('button', { name: 'Open beta' }).waitFor();
  await store.api('POST', '/environments/production/import', { environment: 'production', flags: {}, segments: { theirs: { included: ['ann'] } } });
  await page.getByRole('button', { name: 'Open theirs' }).waitFor();
  await page.goto('/#/environments');
  await store.api('POST', '/environments', { key: 'theirs' });
  await page.getByRole('cell', { name: 'theirs', exact: true }).waitFor();
  await store.api('DELETE', '/environments/theirs?confirm=theirs');
  await page.getByRole('cell', { name: 'theirs', exact: true }).waitFor({ state: 'detached' });
  assert.equal(page.asked.includes('audit'), false);
});

test('what was changed while the store was away is there when it is back', async () => {
  await open('#/flags');
  await toggle('banner').waitFor();
  await store.kill();
  await page.getByText('Not connected').waitFor();
  await store.start();
  const isOn = await switchAs('banner', 'staging');
  await shows('banner', 'staging', isOn);
  await page.getByText('Not connected').waitFor({ state: 'detached' });
});

test('where no stream is to be had the audit log is asked instead', async () => {
  await open('#/flags', { deaf: true });
  await toggle('banner').waitFor();
  await eventually(() => page.asked.includes('audit'), 'the log was asked');
  await shows('banner', 'dev', await switchAs('banner', 'dev'));
});

test('what was changed before the log was asked for the first time is there, too', async () => {
  let isOn;
  const beforeLook = async () => {
    await toggle('banner').waitFor();
    isOn ??= await switchAs('banner');
  };
  await open('#/flags', { deaf: true, beforeLook });
  await eventually(() => isOn !== undefined, 'the log was asked');
  await shows('banner', 'production', isOn);
});

test('a list that was asked for before one’s own change does not take it back', async () => {
  await open('#/environments', { deaf: true, beforeLook: () => new Promise(() => {}) }); // nobody tells
  const visitList = async () => {
    const isThere = page.waitForRequest('**/environments/staging/usage'); // asked for when everything else is there
    await page.goto('/#/flags');
    await isThere;
  };
  await visitList();
  const shown = () => toggle('banner').getAttribute('aria-checked');
  const before = await shown();
  await page.goto('/#/environments');
  await toggle('banner').waitFor({ state: 'detached' });
  await page.route('**/api/v1/environments/production/flags?*', async (route) => {
    const response = await route.fetch();
    await toggle('banner').click();
    await page.getByText(/banner is o(n|ff) in production/).waitFor();
    await route.fulfill({ response });
  }, { times: 1 });
  await visitList();
  assert.notEqual(await shown(), before);
});

test('a page that nobody looks at holds no stream, and knows what it missed when it is looked at', async () => {
  await open('#/flags');
  await toggle('banner').waitFor();
  const streams = async () => Number(/^pennon_store_event_streams (\d+)/m.exec(await (await fetch(`${store.url}/metrics`)).text())[1]);
  const setHidden = (isHidden) =>
    page.evaluate((is) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: is });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
  await setHidden(true);
  await ended;
  page.asked = [];
  const isOn = await switchAs('banner');
  assert.deepEqual(page.asked, []);
  await setHidden(false);
  await shows('banner', 'production', isOn);
  assert.deepEqual(page.asked, ['events', 'environments/production/flags/banner']);
  assert.ok((await streams()) >= 1);
});

test('a stream ends with the session, and the page asks to sign in again', async () => {
  const { token, id } = await store.api('POST', '/tokens', { name: 'ends', kind: 'viewer' });
  await open('#/flags', { as: { ...store, token } });
  await toggle('banner').waitFor();
  await store.api('DELETE', `/tokens/${id}`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});
