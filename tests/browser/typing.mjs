// A German keyboard in the small desktop's terminal, as browsers on Linux, Windows and a Mac tell of it.
import { openTerminal, seePicture, signIn, travel } from './browser.mjs';
import { ALT_GR, CTRL, keyboardOf, OPTION, PLAIN, SHIFT, SHIFTED, WINDOWS_CTRL, WITH_ALT_GR, WITH_OPTION } from './keys.mjs';

/** Prints which modifiers the X server holds down; 16 is Num Lock, which is no modifier. */
const MASK = `import ctypes as c
x = c.CDLL("libX11.so.6")
x.XOpenDisplay.restype = c.c_void_p
d = c.c_void_p(x.XOpenDisplay(None))
x.XDefaultRootWindow.restype = c.c_ulong
w = c.c_ulong(x.XDefaultRootWindow(d))
v = [c.c_ulong() for _ in range(7)]
x.XQueryPointer(d, w, *map(c.byref, v))
print(v[6].value & ~16)
`;

await travel('typing', async (page, context) => {
  await signIn(page);
  const desktop = await openTerminal(page, context);
  const line = (text) => desktop.keyboard.type(`${text}\n`, { delay: 4 });
  await line('cat > mask.py');
  await line(MASK);
  await (await keyboardOf(desktop)).hold([CTRL], () => desktop.keyboard.press('d'));

  await system(desktop, 'linux', async ({ strike, hold }) => {
    for (const [key, code] of PLAIN) await strike(key, code);
    for (const [key, code] of SHIFTED) await hold([SHIFT], () => strike(key, code));
    for (const [key, code] of WITH_ALT_GR) await hold([ALT_GR], () => strike(key, code));
    await hold([SHIFT, ALT_GR], () => strike('ẞ', 'Minus'));
  });
  await system(desktop, 'accents', async ({ strike, hold }) => {
    // some browsers say the letter joined with its accent, others leave that to us
    for (const said of ['ê', 'e']) {
      await strike('Dead', 'Backquote');
      await strike(said, 'KeyE');
    }
    await strike('Dead', 'Equal');
    await strike('a', 'KeyA');
    await hold([SHIFT], () => strike('Dead', 'Equal'));
    await strike('u', 'KeyU');
    await strike('Dead', 'Backquote');
    await strike(' ', 'Space');
  });
  await pretend(desktop, 'Win32');
  await system(desktop, 'windows', async ({ strike, hold }) => {
    for (const [key, code] of WITH_ALT_GR) await hold([WINDOWS_CTRL, ALT_GR], () => strike(key, code));
  });
  await pretend(desktop, 'MacIntel');
  await system(desktop, 'mac', async ({ strike, hold }) => {
    for (const [key, code] of WITH_OPTION) await hold([OPTION], () => strike(key, code));
  });
  await desktop.waitForTimeout(500);
});

/** Types one line into a file of that name, and then asks which modifiers are still down. */
async function system(desktop, name, act) {
  const keyboard = await keyboardOf(desktop);
  await desktop.keyboard.type(`cat > ${name}.txt\n`, { delay: 4 });
  await act(keyboard);
  await desktop.keyboard.press('Enter');
  await keyboard.hold([CTRL], () => keyboard.strike('d', 'KeyD'));
  await desktop.keyboard.type(`python3 mask.py > ${name}.mask\n`, { delay: 4 });
  await desktop.waitForTimeout(400);
}

/** The page comes anew, in a browser that says it runs on another system. */
async function pretend(desktop, platform) {
  await desktop.addInitScript((name) => { Object.defineProperty(Navigator.prototype, 'platform', { get: () => name }); }, platform);
  await desktop.reload();
  await seePicture(desktop);
}
