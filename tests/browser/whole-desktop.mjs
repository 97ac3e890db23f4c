// A pupil starts the whole desktop, sees it, and stops it from the dashboard, which first says what is lost.
import { colours, keep, signIn, travel, until } from './browser.mjs';

await travel('whole-desktop', async (page, context) => {
  await signIn(page);
  const opened = context.waitForEvent('page');
  await page.getByRole('button', { name: /^Starten: XFCE/ }).or(page.getByRole('link', { name: /^Starten: XFCE/ })).click();
  const desktop = await opened;
  await desktop.getByRole('application').waitFor();
  // panel, wallpaper and icons: far more colours than an empty screen
  await until('the desktop has come up', async () => (await colours(desktop)) > 300);
  await desktop.waitForTimeout(3_000);
  await keep(desktop, 'xfce');

  await page.getByRole('button', { name: 'Mehr zu XFCE-Schreibtisch' }).click();
  await page.getByRole('menuitem', { name: /^Anhalten/ }).click();
  const dialog = page.getByRole('alertdialog').or(page.getByRole('dialog'));
  await dialog.getByText('Das geht verloren').waitFor();
  await page.waitForTimeout(500);
  await keep(page, 'stop-dialog');
  await dialog.getByRole('button', { name: 'Anhalten', exact: true }).click();
  // the tab of the desktop says why it went, and offers to start it again
  await desktop.getByRole('button', { name: /starten/i }).first().waitFor();
  await keep(desktop, 'stopped');
});
