// Where people can sign in at one provider alone, they are led straight to it, come back to where they wanted to go, and
// are not led there again against their will: after signing out, or when something went wrong.
import { startProvider } from '../provider/provider.mjs';
import { PULT_URL, expectAccessible, keep, travel, visit } from './browser.mjs';

const mia = { 'iserv:uuid': '8d0c3ab6-0000-4000-8000-000000000001', preferred_username: 'mia.maier', name: 'Mia Maier', 'iserv:roles': ['ROLE_STUDENT'] };
const provider = startProvider({ port: Number(process.env.PROVIDER_PORT), pult: PULT_URL, accounts: { 'mia.maier': mia } });
await provider.start();

await travel('straight-on', async (page) => {
  // to the provider without a click, and back to the page that was asked for
  await visit(page, `${PULT_URL}/desktop/nobody-tiny/`);
  await page.locator('input[name=login]').waitFor();
  if (!page.url().startsWith(provider.issuer)) throw new Error(`at ${page.url()}`);
  await page.locator('input[name=login]').fill('mia.maier');
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await page.getByRole('heading', { level: 1, name: 'Diesen Desktop gibt es nicht.' }).waitFor();

  // out: the page stays, says that it worked, and leads on with one click
  await visit(page, PULT_URL);
  await page.getByRole('button', { name: /Mia Maier/ }).click();
  await page.getByRole('menuitem', { name: 'Abmelden' }).click();
  await page.getByRole('button', { name: /Yes, sign me out/ }).click();
  await page.getByText('Die Abmeldung hat geklappt.').waitFor();
  await expectAccessible(page, 'the sign-in page with one way, after signing out');
  await keep(page, 'straight-on-signed-out');
  await page.getByRole('link', { name: 'Mit IServ anmelden' }).click();
  await page.locator('input[name=login]').waitFor();
});

await provider.stop();
