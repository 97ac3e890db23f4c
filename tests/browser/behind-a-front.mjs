// A pupil signs in through a front proxy with TLS, sees a desktop that runs, and types the name of a new file into it.
import { PULT_URL, colours, keep, signIn, travel, until } from './browser.mjs';

// The front's port; the desktop's place; the file.
const { PULT_DOOR, PULT_DESKTOP, PULT_FILE } = process.env;

await travel(`behind-${PULT_FILE}`, async (page) => {
  await signIn(page);
  await page.goto(`${PULT_URL}${PULT_DESKTOP}`);
  await page.getByRole('application').waitFor();
  await until('there are pixels', async () => (await colours(page)) > 3);
  // the shell's first prompt comes a moment after the window
  await page.waitForTimeout(1_000);
  await page.keyboard.type(`touch ${PULT_FILE}\n`, { delay: 20 });
  await page.waitForTimeout(1_000);
  await keep(page, `behind-${PULT_FILE}`);
}, { cable: PULT_DOOR, ignoreHTTPSErrors: true });
