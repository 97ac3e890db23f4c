// Keys as browsers on other systems say them. Playwright's own keyboard is a US one on Linux.

const BITS = { alt: 1, ctrl: 2, meta: 4, shift: 8 };

/** A keyboard on a page: `strike` presses and releases one key, `hold` does something with keys held. */
export async function keyboardOf(page) {
  const cdp = await page.context().newCDPSession(page);
  let modifiers = 0;
  const send = (type, key, code, flag) => {
    if (flag) modifiers = type === 'keyUp' ? modifiers & ~BITS[flag] : modifiers | BITS[flag];
    const location = /Left$/.test(code) ? 1 : /Right$/.test(code) ? 2 : 0;
    const text = type === 'keyDown' && key.length === 1 ? { text: key } : {};
    return cdp.send('Input.dispatchKeyEvent', { type: text.text ? 'keyDown' : type === 'keyUp' ? 'keyUp' : 'rawKeyDown', key, code, modifiers, location: location && MODIFIERS.test(key) ? location : 0, ...text });
  };
  const strike = async (key, code) => {
    await send('keyDown', key, code);
    await send('keyUp', key, code);
  };
  const hold = async (held, act) => {
    for (const [key, code, flag] of held) await send('keyDown', key, code, flag);
    await act();
    for (const [key, code, flag] of [...held].reverse()) await send('keyUp', key, code, flag);
  };
  return { strike, hold };
}

const MODIFIERS = /^(Shift|Control|Alt|AltGraph|Meta)$/;
export const SHIFT = ['Shift', 'ShiftLeft', 'shift'];
export const CTRL = ['Control', 'ControlLeft', 'ctrl'];
export const ALT = ['Alt', 'AltLeft', 'alt'];
/** AltGr is a key of its own, and no flag. */
export const ALT_GR = ['AltGraph', 'AltRight'];
/** Windows has no such key and says Ctrl before it. */
export const WINDOWS_CTRL = ['Control', 'ControlLeft'];
/** A Mac's Option key. */
export const OPTION = ['Alt', 'AltLeft', 'alt'];

/** A German keyboard: what stands on each key, as [character, place]. */
export const PLAIN = pairs('ü BracketLeft ö Semicolon ä Quote ß Minus z KeyY y KeyZ < IntlBackslash # Backslash + BracketRight - Slash');
export const SHIFTED = pairs('Ü BracketLeft Ö Semicolon Ä Quote ? Minus ! Digit1 " Digit2 § Digit3 $ Digit4 % Digit5 & Digit6 / Digit7 ( Digit8 ) Digit9 = Digit0 > IntlBackslash \' Backslash * BracketRight _ Slash ° Backquote');
export const WITH_ALT_GR = pairs('@ KeyQ € KeyE { Digit7 [ Digit8 ] Digit9 } Digit0 \\ Minus | IntlBackslash ~ BracketRight µ KeyM ² Digit2 ³ Digit3');
/** The same on a Mac, where Option makes them. */
export const WITH_OPTION = pairs('@ KeyL € KeyE [ Digit5 ] Digit6 | Digit7 { Digit8 } Digit9 ~ KeyN µ KeyM');

function pairs(text) {
  const words = text.split(' ');
  return words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1]]] : []));
}
