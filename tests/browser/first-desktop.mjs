// A pupil signs in, starts the small desktop with one click, sees it and types into its terminal.
import { PULT_URL, colours, expectAccessible, keep, signIn, travel, until } from './browser.mjs';

await travel('first-desktop', async (page, context) => {
  await signIn(page);
  await expectAccessible(page, 'the dashboard');
  await keep(page, 'dashboard');

  const opened = context.waitForEvent('page');
  await page.getByRole('button', { name: /^Starten: Terminal/ }).or(page.getByRole('link', { name: /^Starten: Terminal/ })).click();
  const desktop = await opened;
  await desktop.getByRole('application').waitFor();
  await until('there are pixels', async () => (await colours(desktop)) > 3);
  await expectAccessible(desktop, 'the desktop');

  // the shell's first prompt comes a moment after the window
  await desktop.waitForTimeout(1_000);
  await desktop.keyboard.type('echo hello > ~/hello.txt\n', { delay: 20 });
  await desktop.waitForTimeout(1_000);
  await keep(desktop, 'tiny');

  // the dashboard, still open in its tab, has followed by itself
  await page.getByRole('link', { name: /^Weiterarbeiten: Terminal/ }).or(page.getByRole('button', { name: /^Weiterarbeiten: Terminal/ })).waitFor();
  await keep(page, 'dashboard-running');

  // a link that leads nowhere ends on a page that says so, by day and by night
  const lost = await context.newPage();
  await lost.goto(`${PULT_URL}/desktop/nobody-tiny/`);
  await lost.getByRole('heading', { level: 1, name: 'Diesen Desktop gibt es nicht.' }).waitFor();
  for (const colorScheme of ['light', 'dark']) {
    await lost.emulateMedia({ colorScheme });
    await expectAccessible(lost, `a failure, ${colorScheme}`);
    await keep(lost, `failure-${colorScheme}`);
  }
  await lost.getByRole('link', { name: 'Zur Übersicht' }).click();
  await lost.getByRole('heading', { level: 1, name: /Hallo/ }).waitFor();
});
