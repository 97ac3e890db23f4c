// Two desktops in one browser, each on its own host: one is used, the other's page is hostile and gets nothing.
import { createServer } from 'node:tls';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { PULT_URL, keep, signIn, travel, until, visit } from './browser.mjs';

const { PULT_PORT, PULT_CERTIFICATE, PULT_KEY, PULT_DESKTOPS } = process.env;
const desktops = JSON.parse(PULT_DESKTOPS);

// The school's front: TLS for every name, and plain to Pult.
const front = createServer({ cert: readFileSync(PULT_CERTIFICATE), key: readFileSync(PULT_KEY) }, (socket) => {
  const pult = connect(Number(PULT_PORT), '127.0.0.1');
  for (const end of [socket, pult]) end.on('error', () => { socket.destroy(); pult.destroy(); });
  socket.pipe(pult).pipe(socket);
});
await new Promise((resolve) => { front.listen(Number(new URL(PULT_URL).port), '127.0.0.1', resolve); });

/** How many colours the container's own viewer shows. */
const colours = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    if (!canvas?.width) return 0;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return seen.size;
  });

const same = (what, found, expected) => {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value, null, 2));
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
};

await travel('own-hosts', async (page, context) => {
  await signIn(page);

  // a click on a card opens a tab
  const desktop = await context.newPage();
  let closed;
  desktop.on('websocket', (socket) => socket.on('close', () => { closed = Date.now(); }));
  await visit(desktop, PULT_URL + desktops.page);
  await desktop.waitForURL(/vnc\.html/);
  const own = new URL(desktop.url()).origin;
  if (!/^https:\/\/[a-z0-9]{20}\.desktops\.school\.example:\d+$/.test(own)) throw new Error(`not its own host: ${own}`);
  await until('there are pixels', async () => (await colours(desktop)) > 3);
  const cookies = (await context.cookies(own)).filter(({ name }) => name.startsWith('__Host-pult_desktop'));
  same('the cookie', cookies.map(({ httpOnly, secure, sameSite, path }) => ({ httpOnly, secure, sameSite, path })), [
    { httpOnly: true, secure: true, sameSite: 'Lax', path: '/' },
  ]);

  // the other desktop, beside it; somebody has told its page where the first one is
  const hostile = await context.newPage();
  const told = new URLSearchParams({ app: new URL(PULT_URL).origin, other: own, name: desktops.hostile, victim: desktops.page });
  await visit(hostile, `${PULT_URL}${desktops.hostile}hostile.html#${told}`);
  await hostile.waitForFunction(() => window.got, undefined, { timeout: 120_000 });
  const { tries, rights } = await hostile.evaluate(() => window.got);
  same('a hostile page got', Object.entries(tries).filter(([, what]) => what !== 'nothing'), []);
  same('where it may, it got nothing of', Object.entries(rights).filter(([, what]) => what.startsWith('nothing')), []);
  const framed = hostile.frames().filter((frame) => frame !== hostile.mainFrame()).map((frame) => frame.url());
  same('what it framed of others', framed.slice(0, 2), ['chrome-error://chromewebdata/', 'chrome-error://chromewebdata/']);

  // all is as it was: the session, the hostile desktop itself, and the stream of the other
  const ask = (path, options) =>
    page.evaluate(async ([path, options]) => {
      const send = () => fetch(path, options).then(async (answer) => (answer.status === 204 ? {} : answer.json()));
      return send().catch(send).catch(send);
    }, [path, options]);
  const me = await ask('/api/v1/me');
  same('who is signed in', me.user.username, 'schueler');
  // the test's own, and no other
  same('tokens', (await ask('/api/v1/tokens')).items.map(({ name }) => name), ['command line']);
  same('the stream', closed, undefined);
  if ((await colours(desktop)) <= 3) throw new Error('the picture is gone');
  await keep(desktop, 'own-hosts');

  // signing out at the app ends the stream on the other host
  await ask('/api/v1/logout', { method: 'POST', headers: { 'X-CSRF-Token': me.csrf_token } });
  const out = Date.now();
  await until('the stream has ended', async () => closed !== undefined);
  console.log(`the stream ended ${closed - out} ms after the sign-out was answered`);
  await visit(desktop, `${own}/vnc.html`);
  await desktop.getByLabel('Benutzername').waitFor();
  same('where one signs in', new URL(desktop.url()).origin, new URL(PULT_URL).origin);
}, { args: ['--host-resolver-rules=MAP *.school.example 127.0.0.1'], ignoreHTTPSErrors: true });

front.close();
process.exit();
