// A pupil signs in through a front proxy with TLS, sees a desktop that runs, and types the name of a new file into it.
import { PULT_URL, colours, keep, signIn, travel, until, visit } from './browser.mjs';

// The front's port; the desktop's place, and what shows it; the file.
const { PULT_DOOR, PULT_DESKTOP, PULT_SHOWN, PULT_FILE } = process.env;

/** The shell's first prompt comes a moment after the window, and what is typed takes a moment to arrive. */
async function type(page) {
  await page.waitForTimeout(1_000);
  await page.keyboard.type(`touch ${PULT_FILE}\n`, { delay: 20 });
  await page.waitForTimeout(1_000);
}

const shown = {
  /** Our own, on our own host. */
  async viewer(page) {
    await page.getByRole('application').waitFor();
    await until('there are pixels', async () => (await colours(page)) > 3);
    await type(page);
  },
  /** The stand-in's client, all of whose parts must have come. */
  async kasm(page) {
    const connected = page.getByText('connected to KasmVNC');
    // a page that lacks one of its parts, because the machine was too busy for it, is loaded again as a person would
    for (let tries = 1; !(await connected.waitFor({ timeout: 15_000 }).then(() => true, () => false)); tries += 1) {
      if (tries === 5) throw new Error('some part of the page never came');
      await page.reload();
    }
    await page.keyboard.press('a');
    await page.getByText('press 97').waitFor();
  },
  async selkies(page) {
    await page.locator('canvas').first().waitFor();
    await page.waitForTimeout(3_000);
    await page.mouse.click(200, 150);
    await type(page);
  },
};

await travel(`behind-${PULT_FILE}`, async (page) => {
  await signIn(page);
  await visit(page, `${PULT_URL}${PULT_DESKTOP}`);
  await shown[PULT_SHOWN](page);
  const isOurs = new URL(page.url()).origin === PULT_URL;
  if (isOurs !== (PULT_SHOWN === 'viewer')) throw new Error(`the desktop is at ${page.url()}`);
  await keep(page, `behind-${PULT_FILE}`);
}, { cable: PULT_DOOR, ignoreHTTPSErrors: true });
