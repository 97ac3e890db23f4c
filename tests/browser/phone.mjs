// A phone: fingers, its keyboard with all it does to words, and the keys it lacks.
import { expectAccessible, keep, openTerminal, signIn, travel, until } from './browser.mjs';

const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true };

await travel('phone', async (page, context) => {
  await signIn(page);
  const desktop = await openTerminal(page, context);
  const cdp = await context.newCDPSession(desktop);
  const bar = desktop.getByRole('toolbar', { name: 'Tasten' });
  const tap = (name) => bar.getByRole('button', { name, exact: true }).tap();
  const field = desktop.getByRole('textbox', { name: 'Eingabe für den Desktop' });
  /** Letter by letter, as a phone's keyboard types without composing. */
  const type = (text) => desktop.keyboard.type(text, { delay: 10 });
  /** A word as it is composed; `said` is what stands there in the end. */
  const compose = async (steps, said) => {
    for (const text of steps) await cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
    await cdp.send('Input.insertText', { text: said });
  };
  await keep(desktop, 'phone');

  // the desktop is not shrunk to the phone: its picture is
  const { width, shown } = await desktop.evaluate(() => {
    const canvas = document.querySelector('[role=application] canvas');
    return { width: canvas.width, shown: canvas.clientWidth };
  });
  if (width < 1_000 || shown > 360) throw new Error(`a desktop of ${width} px shown as ${shown}`);

  await desktop.getByRole('button', { name: 'Tasten', exact: true }).tap();
  await until('the phone’s keyboard is out', async () => field.evaluate((it) => it === document.activeElement));
  await keep(desktop, 'phone-keys');
  await expectAccessible(desktop, 'the phone’s keys');
  await everythingFits(desktop);

  await type('cat > phone.txt\n');
  await compose(['ü', 'üb', 'übe', 'über'], 'über ');
  // a word is corrected, as one looks on
  await compose(['Shcule', 'Schule'], 'Schule');
  // what was typed is erased: first what this field knows of, then what was there before
  await type('xyz');
  for (let count = 0; count < 3; count += 1) await desktop.keyboard.press('Backspace');
  await compose(['nihao'], ' €');
  await type('\n');
  // a tap on the picture is a click, and leaves the keyboard where it is
  await desktop.getByRole('application').tap({ position: { x: 150, y: 20 } });
  await until('the phone’s keyboard stays', async () => field.evaluate((it) => it === document.activeElement));
  // AltGr on the screen makes of a letter what a German keyboard makes of it
  await tap('AltGr');
  await type('q');
  await type('q\n');
  await tap('Strg');
  await type('d');
  await type('echo "$((6*7))" > sum.txt\n');
  // the arrow brings the last line back, Return runs it again elsewhere
  await tap('Pfeil hoch');
  await type('; cp sum.txt twice.txt\n');
  await desktop.waitForTimeout(500);

  await tap('Tastatur ausblenden');
  await until('the phone’s keyboard is away', async () => field.evaluate((it) => it !== document.activeElement));
  await desktop.getByRole('button', { name: 'Ansicht', exact: true }).tap();
  await desktop.getByRole('dialog', { name: 'Ansicht' }).waitFor();
  await desktop.waitForTimeout(300);
  await keep(desktop, 'phone-view');
  await desktop.getByRole('radio', { name: 'Original', exact: true }).check();
  await desktop.keyboard.press('Escape');
  await desktop.getByRole('button', { name: 'Bild verschieben' }).waitFor();
  await desktop.setViewportSize({ width: 320, height: 640 });
  await desktop.waitForTimeout(300);
  await keep(desktop, 'phone-narrow');
  await everythingFits(desktop);
}, PHONE);

/** No target below 44 px, and nothing to push sideways but the rows of keys. */
async function everythingFits(desktop) {
  const faults = await desktop.evaluate(() => {
    const all = [...document.querySelectorAll('button, a[href]')].map((it) => ({ box: it.getBoundingClientRect(), name: it.getAttribute('aria-label') ?? it.textContent }));
    const small = all.filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < 44).map(({ name }) => name);
    const out = [...document.querySelectorAll('header button')].filter((it) => it.getBoundingClientRect().right > innerWidth).map((it) => it.getAttribute('aria-label'));
    return [...small.map((name) => `${name} is small`), ...out.map((name) => `${name} is out of sight`)];
  });
  if (faults.length > 0) throw new Error(faults.join(', '));
}
