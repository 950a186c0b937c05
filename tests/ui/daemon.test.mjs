// What a page in a browser can do to the daemon on the same host: nothing, whatever it tries.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Proxy } from './proxy.mjs';
import { eventually, launch, Store } from './world.mjs';

// What browsers do against it by themselves is switched off: not all do.
const unguarded = '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights';

let browser;
let store;
let daemon; // behind a proxy that sees what reaches it
let proxy;
let site; // of somebody else, at a name that leads to this host

before(async () => {
  browser = await launch('--host-resolver-rules=MAP *.example 127.0.0.1', unguarded);
  store = await Store.make();
  daemon = await store.follower();
  proxy = await Proxy.before(daemon);
  site = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end('<title>a page</title>')).listen(0, '127.0.0.1');
  await once(site, 'listening');
});
after(async () => {
  await browser.close();
  site.close();
  await proxy.end();
  await store.end();
});

async function evaluations() {
  const text = await (await fetch(`http://127.0.0.1:${daemon.port}/metrics`)).text();
  return text.match(/^pennon_evaluations_total\{.*$/gm).join('\n');
}

/** Does it with a page of its own at `url`: all of it that reaches the daemon is refused, and something does. */
async function refused(url, act, prepare = () => {}) {
  const page = await (await browser.newContext()).newPage();
  await prepare(page);
  await page.goto(url);
  const before = await evaluations();
  proxy.answered = [];
  await act(page);
  await eventually(() => proxy.answered.length > 0, 'it is sent');
  await page.context().close();
  for (const [method, path, status] of proxy.answered) assert.equal(status, 403, `${method} ${path}`);
  assert.equal(await evaluations(), before);
}

// Each tries to reach `base` from within a page, and tells in the end what it has read, or why not.
const ways = {
  'fetch of JSON': (base) => fetch(`${base}/ofrep/v1/evaluate/flags/banner`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"context":{}}' }).then((it) => it.text(), String),
  'fetch that asks for no permission': (base) => fetch(`${base}/ofrep/v1/evaluate/flags/banner`, {
    method: 'POST', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: '{"context":{}}' }).then((it) => it.text(), String),
  'fetch without a body type': (base) => fetch(`${base}/evaluate`, {
    method: 'POST', mode: 'no-cors', body: new Blob(['{"flag":"banner"}']) }).then((it) => it.text(), String),
  'an image': (base) => new Promise((done) => Object.assign(new Image(), {
    onload: () => done('loaded'), onerror: () => done('nothing'), src: `${base}/status` })),
  'a script': (base) => new Promise((done) => document.head.append(Object.assign(document.createElement('script'), {
    onload: () => done('loaded'), onerror: () => done('nothing'), src: `${base}/metrics` }))),
  'a form': (base) => new Promise((done) => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'target' });
    const form = Object.assign(document.createElement('form'), {
      method: 'post', enctype: 'text/plain', action: `${base}/evaluate`, target: 'target' });
    form.append(Object.assign(document.createElement('input'), { name: '{"flag":"banner","default":"', value: '"}' }));
    document.body.append(frame, form);
    frame.onload = () => done('nothing that can be read');
    form.submit();
  }),
  'events': (base) => new Promise((done) => {
    const events = new EventSource(`${base}/ofrep/v1/events`);
    events.onopen = () => done('open');
    events.onerror = () => { events.close(); done('nothing'); };
  }),
  'a web socket': (base) => new Promise((done) => {
    const socket = new WebSocket(base.replace('http', 'ws') + '/ofrep/v1/events');
    socket.onopen = () => done('open');
    socket.onerror = () => done('nothing');
  }),
  'a beacon': async (base) => {
    navigator.sendBeacon(`${base}/evaluate`, '{"flag":"banner"}');
    return 'nothing';
  },
};

for (const [what, way] of Object.entries(ways)) {
  test(`a page of another site reaches nothing by ${what}`, () =>
    refused(`http://evil.example:${site.address().port}/`, async (page) => {
      const read = await page.evaluate(way, proxy.url);
      assert.match(read, /^(|nothing.*|TypeError: Failed to fetch)$/, 'what the page has read');
    }));
}

test('a page whose name comes to lead to this host reads nothing, though it is of the same origin', () =>
  refused(`http://rebound.example:${proxy.server.address().port}/page`, async (page) => {
    for (const [method, path] of [['GET', '/status'], ['GET', '/metrics'], ['GET', '/ofrep/v1/events'], ['POST', '/evaluate'],
      ['POST', '/ofrep/v1/evaluate/flags/banner'], ['POST', '/ofrep/v1/evaluate/flags']]) {
      const read = await page.evaluate(async ({ method, path }) => {
        const body = method === 'POST' ? '{"context":{}}' : undefined;
        return (await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body })).text();
      }, { method, path });
      assert.match(read, /must not ask here/, path);
    }
    assert.equal(proxy.answered.length, 6);
  },
  // Once the name led to the page's own server; from then on it leads to the daemon.
  (page) => page.route('**/page', (route) => route.fulfill({ contentType: 'text/html', body: '<title>a page</title>' }))));

test('who follows a link is refused, and who types the address sees how the daemon is', async () => {
  await refused(`http://evil.example:${site.address().port}/`, async (page) => {
    const opened = page.waitForEvent('popup');
    await page.evaluate((url) => void window.open(url), `${proxy.url}/status`);
    await (await opened).getByText('must not ask here').waitFor();
  });
  const page = await browser.newPage();
  assert.equal((await page.goto(`${proxy.url}/status`)).status(), 200);
  await page.close();
});
