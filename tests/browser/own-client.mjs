// A pupil starts a desktop that the client from its image shows, types into it, and comes back to it after a restart.
import { expectAccessible, keep, signIn, travel, until } from './browser.mjs';

const NAME = 'Eigene Anzeige';

await travel('own-client', async (page, context) => {
  const refused = [];
  context.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) refused.push(message.text());
  });
  await signIn(page);
  const opened = context.waitForEvent('page');
  await page.getByRole('link', { name: `Starten: ${NAME}` }).click();
  const desktop = await opened;
  const client = desktop.frameLocator('iframe');
  await seen(desktop, client);
  await expectAccessible(desktop, 'the page around the client');

  // the shell's first prompt comes a moment after the window
  await desktop.waitForTimeout(1_000);
  await client.locator('canvas').first().click({ position: { x: 200, y: 200 } });
  await desktop.keyboard.type('echo hello\n', { delay: 20 });
  await desktop.waitForTimeout(1_000);
  await keep(desktop, 'own-client');

  await page.getByRole('button', { name: `Mehr zu ${NAME}` }).click();
  await page.getByRole('menuitem', { name: /^Anhalten/ }).click();
  const dialog = page.getByRole('alertdialog').or(page.getByRole('dialog'));
  await dialog.getByRole('button', { name: 'Anhalten', exact: true }).click();
  const again = desktop.getByRole('button', { name: /starten/i }).first();
  await again.waitFor();
  await again.click();
  await seen(desktop, client);
  if (refused.length > 0) throw new Error(`the client was refused something:\n${refused.join('\n')}`);
});

/**
 * The client has connected by itself, and shows more than an empty screen. Where containers come and go on the browser's
 * own machine, Chromium takes that for a change of network and gives up what it is loading: then it is loaded anew.
 */
async function seen(desktop, client) {
  const picture = client.locator('canvas').first();
  const reload = desktop.getByRole('button', { name: 'Anzeige neu laden' });
  let next = Date.now() + 20_000;
  await until('there are pixels', async () => {
    if (Date.now() > next) {
      next += 20_000;
      await reload.click();
    }
    return (await picture.evaluate(colours, undefined, { timeout: 1_000 }).catch(() => 0)) > 3;
  }, 120_000);
}

function colours(canvas) {
  if (!canvas.width) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) found.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return found.size;
}
