// Pictures of every page, wide in both themes and narrow: build/ui-shots/<page>-<look>.png.
import { mkdirSync } from 'node:fs';
import { launch, newPage, signIn, Store } from './world.mjs';
import { plantExample } from './example.mjs';

const folder = process.argv[2] ?? 'build/ui-shots';
const looks = {
  light: {},
  dark: { scheme: 'dark' },
  narrow: { width: 360, height: 740 },
};
const pages = {
  flags: { hash: '#/flags', ready: (page) => page.getByRole('switch').first() },
  flag: { hash: '#/flags/checkout-v2?environment=production', ready: (page) => page.getByLabel('Document') },
  'flag-killed': { hash: '#/flags/fraud-score?environment=production', ready: (page) => page.getByLabel('Document') },
  'flag-review': {
    hash: '#/flags/banner?environment=production',
    ready: (page) => page.getByLabel('Document'),
    async act(page) {
      await page.getByLabel('What the default serves').selectOption('variant sale');
      await page.getByRole('button', { name: 'Review and save' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  'flag-history': { hash: '#/flags/checkout-v2?environment=production&view=history', ready: (page) => page.locator('.history li').first() },
  'flag-settings': { hash: '#/flags/checkout-v2?view=settings', ready: (page) => page.getByRole('button', { name: 'Delete…' }) },
};

mkdirSync(folder, { recursive: true });
const store = await Store.make();
await plantExample(store);
const browser = await launch();
for (const [look, options] of Object.entries(looks)) {
  const page = await newPage(browser, store, options);
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.screenshot({ path: `${folder}/sign-in-${look}.png` });
  await signIn(page, store);
  for (const [name, { hash, ready, act }] of Object.entries(pages)) {
    await page.goto('/' + hash);
    await page.reload();
    await ready(page).waitFor();
    await act?.(page);
    await page.screenshot({ path: `${folder}/${name}-${look}.png` });
  }
  await page.context().close();
}
await browser.close();
await store.end();
console.log(`pictures are in ${folder}`);
