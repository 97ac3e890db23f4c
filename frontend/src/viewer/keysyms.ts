/** A key as the desktop gets it: X11's keysym, and the place on the keyboard where servers want to know that too. */
export type Key = { keysym: number; code: string };

/** Keys that have no character, with X11's names (X11/keysymdef.h). */
export const KEYS = {
  Escape: { keysym: 0xff1b, code: 'Escape' },
  Tab: { keysym: 0xff09, code: 'Tab' },
  Enter: { keysym: 0xff0d, code: 'Enter' },
  Backspace: { keysym: 0xff08, code: 'Backspace' },
  Delete: { keysym: 0xffff, code: 'Delete' },
  Home: { keysym: 0xff50, code: 'Home' },
  End: { keysym: 0xff57, code: 'End' },
  PageUp: { keysym: 0xff55, code: 'PageUp' },
  PageDown: { keysym: 0xff56, code: 'PageDown' },
  ArrowLeft: { keysym: 0xff51, code: 'ArrowLeft' },
  ArrowUp: { keysym: 0xff52, code: 'ArrowUp' },
  ArrowRight: { keysym: 0xff53, code: 'ArrowRight' },
  ArrowDown: { keysym: 0xff54, code: 'ArrowDown' },
} as const satisfies Record<string, Key>;

/** F1 to F12. */
export const functionKey = (number: number): Key => ({ keysym: 0xffbd + number, code: `F${number}` });

export type Modifier = 'ctrl' | 'alt' | 'shift' | 'super' | 'altgr';

export const MODIFIERS: Record<Modifier, Key> = {
  ctrl: { keysym: 0xffe3, code: 'ControlLeft' },
  alt: { keysym: 0xffe9, code: 'AltLeft' },
  shift: { keysym: 0xffe1, code: 'ShiftLeft' },
  super: { keysym: 0xffeb, code: 'MetaLeft' },
  altgr: { keysym: 0xfe03 /* ISO_Level3_Shift */, code: 'AltRight' },
};

/**
 * The key of one character: Latin-1 has its own keysyms, all else its code point with a mark (X11's protocol,
 * appendix A). Undefined for control characters but the few that are keys.
 */
export function keyOf(character: string): Key | undefined {
  if (character === '\n') return KEYS.Enter;
  if (character === '\t') return KEYS.Tab;
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20 || (point > 0x7e && point < 0xa0)) return undefined;
  return { keysym: point <= 0xff ? point : 0x01000000 + point, code: '' };
}

/** What AltGr makes of a key on a German keyboard. */
const ALT_GR: Record<string, string> = {
  q: '@', e: '€', m: 'µ', 2: '²', 3: '³', 7: '{', 8: '[', 9: ']', 0: '}', ß: '\\', '+': '~', '<': '|',
};

/**
 * The character that comes of another one under modifiers. Servers take a character at its word and let go of Shift
 * and AltGr for it: "q" with AltGr held would stay a "q".
 */
export function underModifiers(character: string, held: ReadonlySet<Modifier>): string {
  if (held.has('altgr')) return ALT_GR[character] ?? character;
  // ß becomes ẞ as on the keyboard, not SS.
  if (held.has('shift')) return character === 'ß' ? 'ẞ' : character.toUpperCase();
  return character;
}
