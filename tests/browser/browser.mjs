// A real Chromium, and what every journey through the web app needs of it.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The web app brings these for its own tests.
const require = createRequire(new URL('../../frontend/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const { AxeBuilder } = require('@axe-core/playwright');

export const { PULT_URL, PULT_USER, PULT_PASSWORD, PULT_ARTEFACTS } = process.env;

const CHROMIUM = '/usr/bin/chromium';
// As root Chromium has no sandbox of its own; the rest keeps it from calling home.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/**
 * Runs a journey in a fresh profile; a failure is told with a screenshot of every page. `cable`: the port of a cable
 * (cable.mjs) or a front proxy through which the browser reaches Pult, at Pult's own address; `args` are Chromium's, and
 * more is Playwright's.
 */
export async function travel(name, journey, { cable, args = [], ...more } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'pult-browser-'));
  const way = cable ? [`--host-resolver-rules=MAP * 127.0.0.1:${cable}`] : [];
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM, args: [...FLAGS, ...way, ...args], headless: true, locale: 'de-DE', viewport: { width: 1280, height: 800 }, ...more,
  });
  context.setDefaultTimeout(60_000);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await journey(page, context);
  } catch (error) {
    for (const [index, page] of context.pages().entries()) await keep(page, `${name}-failed-${index}`);
    console.error(error);
    process.exitCode = 1;
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Keeps a screenshot among the artefacts. */
export const keep = (page, name) => page.screenshot({ path: join(PULT_ARTEFACTS, `${name}.png`) });

/**
 * Goes to an address. While the engine gives a network to some other desktop, Chromium takes the machine's network for
 * changed and breaks off whatever is just connecting: then it goes there again.
 */
export async function visit(page, url) {
  for (let broken = true; broken;) {
    broken = false;
    const note = (request) => { broken ||= request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED'; };
    page.on('requestfailed', note);
    try {
      await page.goto(url);
    } catch (error) {
      // the page that tells of it may come later than the next try, and Chromium may have tried again by itself
      broken ||= /chrome-error:|interrupted by another navigation/.test(String(error));
      if (!broken) throw error;
    } finally {
      page.off('requestfailed', note);
    }
  }
}

/** Signs in as the demo's pupil. */
export async function signIn(page) {
  await visit(page, PULT_URL);
  // what comes last: a page that lacked a part is loaded anew, with nothing in its fields
  await page.getByRole('button', { name: 'Sprache' }).waitFor();
  await page.getByLabel('Benutzername').fill(PULT_USER);
  await page.getByLabel('Passwort', { exact: true }).fill(PULT_PASSWORD);
  await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: /Hallo/ }).waitFor();
}

/** Fails on anything that shuts somebody out (WCAG 2.2 AA and axe's best practice). */
export async function expectAccessible(page, what) {
  // What React Aria says aloud lies here for a moment, and then without its text: nobody sees or reaches it.
  // What stands in a frame came with a desktop's image: it is not ours to mend.
  const { violations } = await new AxeBuilder({ page }).exclude('[data-live-announcer]').exclude('iframe').analyze();
  if (violations.length > 0) {
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n  ')}`);
    throw new Error(`axe on ${what}:\n${told.join('\n')}`);
  }
}

/** Clicks on the small desktop's card; the tab that opens, with its picture there. */
export async function openTerminal(page, context) {
  const [desktop] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('button', { name: /: Terminal/ }).or(page.getByRole('link', { name: /: Terminal/ })).first().click(),
  ]);
  await seePicture(desktop);
  return desktop;
}

/** Waits for the picture of the small desktop, and for the shell's first prompt, which comes a moment later. */
export async function seePicture(desktop) {
  await desktop.getByRole('application').waitFor();
  await until('there are pixels', async () => (await colours(desktop)) > 3);
  await desktop.waitForTimeout(1_000);
}

/** Waits until something holds. */
export async function until(what, holds, patience = 60_000) {
  const end = Date.now() + patience;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** How many different colours the desktop's picture has: one is a blank screen. */
export const colours = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('[role=application] canvas');
    if (!canvas?.width) return 0;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return seen.size;
  });
