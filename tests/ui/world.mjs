// What the tests of the admin UI have: a real pennon-store on a database of its own, a daemon that follows it, and
// Debian's chromium. PENNON_BIN names the folder with the programs.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, afterEach, before } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const bin = process.env.PENNON_BIN ?? join(root, 'build/dev/bin');
const giveUpMillis = 20_000;

export async function eventually(condition, what) {
  const deadline = Date.now() + giveUpMillis;
  while (Date.now() < deadline) {
    const found = await condition();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`never happened: ${what}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function start(directory, name, args) {
  const log = openSync(join(directory, `${name}.log`), 'a');
  const child = spawn(join(bin, name), args, { stdio: ['ignore', 'ignore', log] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function end(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** A PostgreSQL server of its own: its address, and how it ends. */
export async function startPostgres() {
  const server = spawn(join(root, 'tests/support/with-postgres'), ['sh', '-c', 'echo "$PENNON_TEST_POSTGRES"; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [address] = await once(server.stdout, 'data');
  return {
    address: String(address).trim(),
    async end() {
      const ended = once(server, 'exit');
      server.stdin.end(); // ends the command, and the server with it
      await ended;
    },
  };
}

export class Store {
  static async make({ database, example = true, apiRate = 0 } = {}) {
    const store = new Store();
    store.apiRate = apiRate;
    store.directory = mkdtempSync(join(tmpdir(), 'pennon-ui-'));
    store.database = database ?? join(store.directory, 'store.db');
    store.port = await freePort();
    store.url = `http://127.0.0.1:${store.port}`;
    const told = store.command('init', '--token-file', join(store.directory, 'token'));
    store.invitation = /pn_[a-z]+_[0-9a-f]{64}/.exec(told)?.[0];
    store.token = readFileSync(join(store.directory, 'token'), 'utf8').trim();
    if (example) {
      store.command('import', join(root, 'config/example-flags.json'), '--sync-key-file', join(store.directory, 'sync-key'));
    }
    await store.start();
    return store;
  }

  command(...args) {
    return execFileSync(join(bin, 'pennon-store'), ['--database', this.database, ...args], { encoding: 'utf8' });
  }

  async start() {
    this.program = start(this.directory, 'pennon-store', [
      'serve', '--database', this.database, '--listen-port', String(this.port), '--limits-api-rate', String(this.apiRate),
    ]);
    await eventually(() => answers(`${this.url}/readyz`), 'the store answers');
  }

  kill() {
    return end(this.program, 'SIGKILL');
  }

  /** As another editor would; answers the document. */
  async api(method, path, body, headers = {}) {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'If-Match': '*', 'Content-Type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${text}`);
    return text ? JSON.parse(text) : null;
  }

  config(flag, environment = 'production') {
    return this.api('GET', `/environments/${environment}/flags/${flag}`);
  }

  /** A daemon that follows this store; `answer(flag, context)` asks it, at `port` of loopback. */
  async follower() {
    const port = await freePort();
    const daemon = start(this.directory, 'pennond', [
      '--environment', 'production', '--upstream-url', this.url, '--upstream-key-file', join(this.directory, 'sync-key'),
      '--upstream-poll-interval', '100ms', '--report-interval', '200ms',
      '--cache-path', join(this.directory, 'cache.db'),
      '--socket-path', join(this.directory, 'pennon.sock'), '--http-port', String(port),
    ]);
    this.daemon = daemon;
    await eventually(() => answers(`http://127.0.0.1:${port}/readyz`), 'the daemon has flags');
    return {
      port,
      async answer(flag, context) {
        const response = await fetch(`http://127.0.0.1:${port}/ofrep/v1/evaluate/flags/${flag}`, {
          method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ context }),
        });
        return response.json();
      },
    };
  }

  async end() {
    const { exitCode, signalCode } = this.program;
    const log = readFileSync(join(this.directory, 'pennon-store.log'), 'utf8').slice(-2000);
    assert.ok(exitCode === null && signalCode === null, `the store has ended by itself: ${exitCode ?? signalCode}\n${log}`);
    if (this.daemon) await end(this.daemon);
    await end(this.program);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function launch(...args) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', ...args] });
}

/** A page that fails the test when it throws, breaks its policy or runs what was planted. */
export async function newPage(browser, store, { width = 1280, height = 800, scheme = 'light' } = {}) {
  // Without motion, so that a colour is never measured on its way to another.
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce', baseURL: store.url });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/.test(message.text())) page.faults.push(message.text());
  });
  page.on('dialog', (dialog) => {
    page.faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return page;
}

// Each file of tests is a process of its own: its browser, its store, and the page that the test has open.
export let browser;
export let store;
export let page;

/** What a file of tests begins with; `prepare` is given the store. */
export function setUp(prepare = async () => {}) {
  before(async () => {
    browser = await launch();
    store = await Store.make();
    await prepare(store);
  });
  afterEach(closePage);
  after(async () => {
    await browser.close();
    await store.end();
  });
}

/** In the place of the one that is open; of another store, or of what stands before one. */
export async function openPage(options, of = store) {
  await closePage();
  page = await newPage(browser, of, options);
}

async function closePage() {
  const faults = page?.faults ?? [];
  await page?.context().close();
  page = undefined;
  assert.deepEqual(faults, []);
}

export async function signIn(page, store, hash = '#/flags') {
  await page.goto('/' + hash);
  await page.getByLabel('API token', { exact: true }).check();
  await page.getByRole('textbox', { name: 'API token' }).fill(store.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** Goes to another of its pages, whose elements are there when this is over: those of the last one may look the same. */
export async function visit(hash) {
  await page.goto('/' + hash);
  await page.locator(`nav a[aria-current=page][href="${hash.split('?')[0]}"]`).waitFor();
}

export async function assertAccessible(page) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
  assert.equal(told.join('\n'), '', `axe on ${page.url()}`);
}
