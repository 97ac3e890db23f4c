// Everything around the picture: clipboards, keys on the screen, size, view only, and the way by keyboard alone.
import { colours, expectAccessible, keep, openTerminal, PULT_URL, signIn, travel, until } from './browser.mjs';

await travel('viewer', async (page, context) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(PULT_URL).origin });
  await signIn(page);
  const desktop = await openTerminal(page, context);
  const line = (text) => desktop.keyboard.type(`${text}\n`, { delay: 4 });
  const tool = (name) => desktop.getByRole('toolbar', { name: 'Werkzeuge des Desktops' }).getByRole('button', { name, exact: true });
  const choose = (name) => desktop.getByRole('radio', { name, exact: true }).check();
  const here = () => desktop.evaluate(() => navigator.clipboard.readText());
  const copyHere = (text) => desktop.evaluate((it) => navigator.clipboard.writeText(it), text);
  const size = () => desktop.evaluate(() => {
    const { width, height, clientWidth } = document.querySelector('[role=application] canvas');
    return { width, height, shown: clientWidth };
  });

  // nothing is read from this computer before somebody says so
  await desktop.evaluate(() => {
    const { clipboard } = navigator;
    const read = clipboard.readText.bind(clipboard);
    window.reads = 0;
    clipboard.readText = () => (window.reads++, read());
  });
  await copyHere('geheim');
  await desktop.evaluate(() => window.dispatchEvent(new Event('focus')));
  if ((await desktop.evaluate(() => window.reads)) !== 0) throw new Error('the clipboard was read without consent');

  // from the desktop to here: the terminal copies what is marked, and a click takes it over
  // Playwright types only what a US keyboard has
  await line(String.raw`clear; printf '\u00e4 \u20ac \u6f22 \U0001f600\n'`);
  await until('a text is offered', async () => {
    await markFirstLine(desktop);
    return desktop.getByText('Im Desktop wurde Text kopiert.').isVisible();
  });
  await keep(desktop, 'viewer-clipboard-offer');
  await expectAccessible(desktop, 'the offer of a text');
  await desktop.getByRole('button', { name: 'Übernehmen' }).click();
  await until('the text is here', async () => {
    if ((await here()).trim() === 'ä € 漢 😀') return true;
    await markFirstLine(desktop);
    await desktop.getByRole('button', { name: 'Übernehmen' }).click({ timeout: 1_000 }).catch(() => {});
    return false;
  });

  // by itself, both ways, once that is chosen
  await tool('Zwischenablage').click();
  await choose('Von selbst');
  await expectAccessible(desktop, 'the clipboard panel');
  await keep(desktop, 'viewer-clipboard');
  await desktop.keyboard.press('Escape');
  await desktop.getByRole('application').click({ position: { x: 300, y: 600 } });
  await desktop.waitForTimeout(200);
  await copyHere('von hier: ä € 漢 😀');
  await desktop.evaluate(() => window.dispatchEvent(new Event('focus')));
  await desktop.waitForTimeout(300);
  await desktop.mouse.click(300, 300);
  await line('clear; cat > from-here.txt');
  await desktop.keyboard.press('Control+Shift+V');
  await desktop.waitForTimeout(300);
  await desktop.keyboard.press('Enter');
  await desktop.keyboard.press('Control+d');
  await line('clear; echo von dort');
  await until('the text is here by itself', async () => {
    await markFirstLine(desktop);
    return (await here()).trim() === 'von dort';
  });

  // keys on the screen: Ctrl stays down for one key, whoever presses it
  await tool('Tasten').click();
  await expectAccessible(desktop, 'the bar of keys');
  const keys = desktop.getByRole('toolbar', { name: 'Tasten' });
  const ctrl = keys.getByRole('button', { name: 'Strg', exact: true });
  await desktop.mouse.click(300, 300);
  await line('clear; cat');
  await ctrl.click();
  await until('Ctrl is shown to be down', async () => (await ctrl.getAttribute('aria-pressed')) === 'true');
  await keep(desktop, 'viewer-keys');
  await desktop.keyboard.press('c');
  await until('Ctrl is up again', async () => (await ctrl.getAttribute('aria-pressed')) === 'false');
  await line('echo $? c > sticky.txt');
  await line('read -rsn3 key; printf %s "$key" | od -An -tx1 > arrow.txt');
  await keys.getByRole('button', { name: 'Pfeil hoch' }).click();
  await desktop.waitForTimeout(200);
  await tool('Tasten').click();

  // what is on the screen keeps its size when the window changes, if that is wanted
  await until('the desktop has the size of the window', async () => (await size()).width === 1274);
  await tool('Ansicht').click();
  await desktop.getByText(/antwortet in \d+ ms/).waitFor();
  await keep(desktop, 'viewer-view');
  await expectAccessible(desktop, 'the view panel');
  await desktop.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(desktop, 'the view panel at night');
  await choose('Einpassen');
  await desktop.setViewportSize({ width: 900, height: 700 });
  await until('the picture is fitted in', async () => (await size()).shown <= 900 && (await size()).width === 1274);
  await choose('Original');
  await until('the picture is as large as the desktop', async () => (await size()).shown === 1274);
  await choose('Wie das Fenster');
  await until('the desktop has the size of the window again', async () => (await size()).width === 894);

  // the whole screen, with the keys that browsers keep for themselves elsewhere
  await desktop.keyboard.press('Escape');
  await desktop.evaluate(() => {
    const { keyboard } = navigator;
    const lock = keyboard.lock.bind(keyboard);
    keyboard.lock = () => lock().then(() => { window.hasAllKeys = true; });
  });
  await tool('Vollbild').click();
  await tool('Vollbild beenden').waitFor();
  await until('all keys are the desktop’s', () => desktop.evaluate(() => window.hasAllKeys === true));
  await tool('Vollbild beenden').click();
  await tool('Vollbild').waitFor();
  await tool('Ansicht').click();

  // view only: nothing that is typed arrives
  await desktop.getByRole('switch', { name: 'Nur ansehen' }).click();
  await desktop.keyboard.press('Escape');
  await desktop.mouse.click(300, 300);
  await line('touch forbidden');
  await tool('Ansicht').click();
  await desktop.getByRole('switch', { name: 'Nur ansehen' }).click();
  await desktop.keyboard.press('Escape');

  // by keyboard alone: out of the desktop, to a tool, back, and on typing
  await desktop.mouse.click(300, 300);
  for (const key of ['Control', 'Alt', 'Shift']) await desktop.keyboard.down(key);
  for (const key of ['Shift', 'Alt', 'Control']) await desktop.keyboard.up(key);
  const focused = () => desktop.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName);
  await until('the focus is on the bar', async () => (await focused()) === 'Zur Übersicht');
  const go = async (key) => {
    const before = await focused();
    await desktop.keyboard.press(key);
    await until('the focus has moved', async () => (await focused()) !== before);
  };
  await go('Tab');
  for (let step = 0; step < 6 && (await focused()) !== 'Ansicht'; step += 1) await go('ArrowRight');
  await desktop.keyboard.press('Enter');
  await desktop.getByRole('dialog', { name: 'Ansicht' }).waitFor();
  await until('the focus is in the panel', () => desktop.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null));
  await desktop.keyboard.press('Escape');
  await until('the focus is back on the tool', async () => (await focused()) === 'Ansicht');
  await desktop.keyboard.press('Escape');
  await until('the focus is on the desktop', async () => (await focused()) === 'CANVAS');
  await line('echo done > keyboard.txt');
  await desktop.waitForTimeout(300);
  if ((await colours(desktop)) < 4) throw new Error('the picture is gone');
});

/** A triple click marks a line, which the terminal then copies; its first line is the first below its title bar. */
async function markFirstLine(desktop) {
  const box = await desktop.locator('[role=application] canvas').boundingBox();
  await desktop.mouse.click(box.x + 100, box.y + 96, { clickCount: 3, delay: 30 });
  await desktop.waitForTimeout(500);
}
