// People sign in at an identity provider that speaks as IServ does: first and again, from two browsers, with a role that
// changes, while the provider is away, and out on both sides.
import { startProvider } from '../provider/provider.mjs';
import { PULT_URL, expectAccessible, keep, travel, until, visit } from './browser.mjs';

const { PROVIDER_PORT } = process.env;

const klasse = { 4711: { id: 4711, act: 'klasse.8d', name: 'Klasse 8D' } };
const mia = {
  'iserv:uuid': '8d0c3ab6-0000-4000-8000-000000000001',
  preferred_username: 'mia.maier',
  name: 'Mia Maier',
  'iserv:groups': klasse,
  'iserv:roles': [{ id: 'ROLE_STUDENT', displayName: 'Schüler' }],
};
const accounts = { 'mia.maier': mia };
const provider = startProvider({ port: Number(PROVIDER_PORT), pult: PULT_URL, accounts });
await provider.start();

/** Who is signed in, as the server says it to this browser. */
const me = (page) =>
  page.evaluate(async () => {
    const answer = await fetch('/api/v1/me');
    return answer.ok ? answer.json() : null;
  });

/** On the sign-in page: goes to the provider, and signs in there if it asks. */
async function signIn(page, { asks = true } = {}) {
  await page.getByRole('button', { name: 'Sprache' }).waitFor();
  await page.getByRole('link', { name: 'Mit IServ anmelden' }).click();
  if (asks) await giveName(page);
}

/** On the provider's page. */
async function giveName(page) {
  await page.locator('input[name=login]').fill('mia.maier');
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
}

const hello = (page) => page.getByRole('heading', { level: 1, name: /Mia/ }).waitFor();

await travel('sign-in', async (page) => {
  // first sign-in: one button, the provider's page, and in
  await visit(page, PULT_URL);
  await page.getByRole('link', { name: 'Mit IServ anmelden' }).waitFor();
  await expectAccessible(page, 'the sign-in page with a provider');
  await keep(page, 'sign-in-provider');
  await signIn(page);
  await hello(page);
  const first = await me(page);
  if (first.role !== 'student' || first.user.username !== 'mia.maier' || first.groups[0].name !== 'Klasse 8D') {
    throw new Error(`not as the provider says: ${JSON.stringify(first)}`);
  }
  await keep(page, 'sign-in-first');

  await travel('sign-in-second', async (other) => {
    // a second browser, on the way to a page: it is come back to
    await visit(other, `${PULT_URL}/desktop/nobody-tiny/`);
    await signIn(other);
    await other.getByRole('heading', { level: 1, name: 'Diesen Desktop gibt es nicht.' }).waitFor();
    await visit(other, PULT_URL);
    await hello(other);
    if ((await me(other)).user.id !== first.user.id) throw new Error('two people of one');

    // Mia becomes a teacher: it counts from the next sign-in on
    accounts['mia.maier'] = { ...mia, 'iserv:roles': [{ id: 'ROLE_TEACHER', displayName: 'Lehrer' }], 'iserv:groups': {} };
    if ((await me(other)).role !== 'student') throw new Error('nobody has asked the provider yet');
    await visit(other, `${PULT_URL}/auth/login`);
    await hello(other);
    for (const browser of [other, page]) {
      const now = await me(browser);
      if (now.role !== 'teacher' || now.groups.length > 0) throw new Error(`still ${JSON.stringify(now)}`);
    }

    // the provider goes away: who is in works on, who is not is told, and let in when it is back
    await provider.stop();
    await page.reload();
    await hello(page);
    await other.context().clearCookies();
    const away = other.getByRole('heading', { name: 'Der Anmeldedienst der Schule antwortet gerade nicht.' });
    await until('the provider is missed', async () => {
      await other.goto(`${PULT_URL}/auth/login`).catch(() => {});
      return away.isVisible();
    });
    await expectAccessible(other, 'the page that says that the provider is away');
    await keep(other, 'sign-in-provider-away');
    await provider.start();
    await until('it is asked again', async () => {
      await other.getByRole('link', { name: 'Noch einmal versuchen' }).click();
      return (await other.locator('input[name=login]').count()) > 0;
    });
    await giveName(other);
    await hello(other);

    // out at the provider: the session here ends with it
    await visit(other, `${provider.issuer}/iserv/auth/logout`);
    await other.getByRole('button', { name: /Yes, sign me out/ }).click();
    await other.waitForURL(/logout\/success/);
    await visit(other, PULT_URL);
    await other.getByRole('link', { name: 'Mit IServ anmelden' }).waitFor();
  });
  if (process.exitCode) return;
  if (!(await me(page))) throw new Error('only the other browser was signed out');

  // out here: out at the provider as well, and it leads back
  await page.getByRole('button', { name: /Mia Maier/ }).click();
  await page.getByRole('menuitem', { name: 'Abmelden' }).click();
  await page.getByRole('button', { name: /Yes, sign me out/ }).click();
  await page.getByText('Die Abmeldung hat geklappt.').waitFor();
  await expectAccessible(page, 'the sign-in page after signing out');
  await keep(page, 'signed-out');
  // the next one at this computer is asked who they are
  await signIn(page, { asks: false });
  await page.locator('input[name=login]').waitFor();
});

await provider.stop();
