// Looks at every page in every state, light and dark, wide and narrow: a picture of each, what axe finds,
// and whatever the browser complains about (the CSP of csp.txt is in force). Serves the built app itself.
//   npm run build && npm run pages [-- name of a case]
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { CASES } from './cases.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const out = process.env.PULT_PAGES_OUT ?? fileURLToPath(new URL('../../../artefacts/pages/', import.meta.url));
const wanted = process.argv[2];
const VIEWS = [
  { name: 'light', theme: 'light', locale: 'de', size: { width: 1280, height: 800 } },
  { name: 'dark', theme: 'dark', locale: 'de', size: { width: 1280, height: 800 } },
  { name: 'phone', theme: 'light', locale: 'en', size: { width: 360, height: 740 } },
  { name: 'phone-dark', theme: 'dark', locale: 'de', size: { width: 320, height: 640 } },
  { name: 'contrast', theme: 'light', locale: 'en', size: { width: 1280, height: 800 }, contrast: 'more' },
];
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

mkdirSync(out, { recursive: true });
const server = await preview({ root, mode: 'mock', logLevel: 'silent', preview: { port: 0, host: '127.0.0.1' } });
const origin = `http://127.0.0.1:${server.httpServer.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.PULT_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const faults = [];
for (const view of VIEWS) {
  for (const one of CASES.filter(({ name }) => !wanted || name === wanted)) {
    faults.push(...(await lookSteadily(view, one)).map((fault) => `${one.name} (${view.name}): ${fault}`));
  }
}
await browser.close();
await server.close();
for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);

/** Containers come and go on a machine like CI's, and each time the browser drops what it is loading: then look again. */
async function lookSteadily(view, one) {
  for (let tries = 0; ; tries += 1) {
    const { found, disturbed } = await look(view, one);
    if (!disturbed || tries === 4) return found;
  }
}

async function look(view, { name, path = '/', scenario = 'everyday', user, ready, wait = 0, act }) {
  const found = [];
  let disturbed = false;
  const context = await browser.newContext({
    viewport: view.size,
    locale: view.locale,
    colorScheme: view.theme,
    contrast: view.contrast ?? 'no-preference',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection|Failed when connecting/.test(message.text())) found.push(message.text());
  });
  page.on('requestfailed', (request) => {
    disturbed ||= request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED';
  });
  page.on('pageerror', (error) => found.push(String(error)));
  const say = (address, data) => context.request.post(`${origin}${address}`, { data });
  await say('/mock/everyday');
  await say(...(user ? ['/api/v1/login', { username: user, password: 'x' }] : ['/api/v1/logout']));
  await say(`/mock/${scenario}`);
  try {
    await page.goto(origin + path);
    await page.locator(ready).first().waitFor();
    await act?.(page);
    await page.waitForTimeout(wait + 350);
    await page.screenshot({ path: `${out}/${name}-${view.name}.png` });
    const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
    found.push(...violations.map(({ id, nodes }) => `axe ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) found.push(`scrolls sideways by ${overflow} px`);
  } catch (error) {
    await page.screenshot({ path: `${out}/${name}-${view.name}.png` });
    found.push(String(error).split('\n')[0]);
  }
  await context.close();
  return { found, disturbed };
}
