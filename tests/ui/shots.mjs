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
    await ready(page).waitFor();
    await act?.(page);
    await page.screenshot({ path: `${folder}/${name}-${look}.png` });
  }
  await page.context().close();
}
await browser.close();
await store.end();
console.log(`pictures are in ${folder}`);
