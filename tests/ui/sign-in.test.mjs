// How the page is served, and how one gets in.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { assertAccessible, openPage, page, setUp, store } from './world.mjs';

const budgetBytes = 60 * 1024;
const password = 'a long enough password';

setUp();

/** Without the decompression that fetch does. */
function fetchRaw(path, headers = {}) {
  return new Promise((done, failed) => {
    get(store.url + path, { headers }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
    }).on('error', failed);
  });
}

test('the page allows itself nothing but its own files and the store', async () => {
  const { status, headers, body } = await fetchRaw('/');
  assert.equal(status, 200);
  assert.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
  assert.match(headers['content-security-policy'], /frame-ancestors 'none'/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['cache-control'], 'no-cache');
  assert.doesNotMatch(body.toString(), /<style|<script>|https?:\/\/(?!www\.w3\.org)/);
  const again = await fetchRaw('/', { 'If-None-Match': headers.etag });
  assert.equal(again.status, 304);
  assert.equal(again.body.length, 0);
});

test('script and style are compressed, kept for ever, and within the budget', async () => {
  const html = (await fetchRaw('/')).body.toString();
  const paths = html.match(/\/assets\/[^"]+/g);
  assert.equal(paths.length, 2);
  let total = 0;
  for (const path of paths) {
    const { headers, body } = await fetchRaw(path, { 'Accept-Encoding': 'gzip' });
    assert.equal(headers['content-encoding'], 'gzip');
    assert.match(headers['cache-control'], /immutable/);
    const plain = await fetchRaw(path);
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.ok(plain.body.length > body.length);
    total += body.length;
  }
  assert.ok(total <= budgetBytes, `${total} bytes`);
});

test('an invitation sets a password and signs in; the session is a cookie that scripts cannot see', async () => {
  await openPage();
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign in' }).waitFor(); // not before it is known that nobody is
  await assertAccessible(page);
  await page.getByLabel('Invitation', { exact: true }).check();
  await page.getByRole('textbox', { name: 'Invitation' }).fill(store.invitation);
  await page.getByLabel(/New password/).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Flags' }).waitFor();
  assert.equal(await page.evaluate(() => document.cookie + JSON.stringify({ ...sessionStorage, ...localStorage })), '{}');

  await page.reload();
  await page.getByRole('heading', { name: 'Flags' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('User').fill('admin');
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Flags' }).waitFor();

  // The session ends under the open page, which notices and stays.
  const [{ name, value }] = await page.context().cookies();
  const ended = await fetch(`${store.url}/api/v1/session`, { method: 'DELETE', headers: { Cookie: `${name}=${value}`, 'X-Requested-With': 'test' } });
  assert.equal(ended.status, 204);
  await page.getByRole('heading', { name: 'Sign in again' }).waitFor();
  await assertAccessible(page);
  await page.getByLabel('User').fill('admin');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Sign in again' }).waitFor({ state: 'detached' });
  await page.getByRole('switch', { name: 'banner in production' }).click();
  await page.getByText('banner is off in production').waitFor();
});

test('another site cannot change anything with the cookie of a session', async () => {
  const { invitation } = await store.api('POST', '/users', { name: 'victim', role: 'editor' });
  const signIn = await fetch(`${store.url}/api/v1/setup`, {
    method: 'POST', headers: { 'X-Requested-With': 'test', 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: invitation, password }),
  });
  const cookie = signIn.headers.get('set-cookie').split(';')[0];
  const change = (headers) => fetch(`${store.url}/api/v1/environments/production/flags/banner`, {
    method: 'PATCH', body: '{"instructions": [{"kind": "turnOff"}]}',
    headers: { Cookie: cookie, 'If-Match': '*', 'Content-Type': 'application/json', ...headers },
  });
  assert.equal((await change({})).status, 403);
  assert.equal((await change({ 'X-Requested-With': 'x', Origin: 'https://evil.example' })).status, 403);
  assert.equal((await change({ 'X-Requested-With': 'x', 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  assert.equal((await change({ 'X-Requested-With': 'x' })).status, 200);
});
