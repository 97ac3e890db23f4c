/** Accents of dead keys: the mark that joins a letter, and the sign that stands for itself. */
const ACCENTS = {
  circumflex: { joins: '\u0302', alone: '^' },
  acute: { joins: '\u0301', alone: '´' },
  grave: { joins: '\u0300', alone: '`' },
  diaeresis: { joins: '\u0308', alone: '¨' },
  tilde: { joins: '\u0303', alone: '~' },
} as const;
type Accent = (typeof ACCENTS)[keyof typeof ACCENTS];

/**
 * Which accent a key is. A browser only says "Dead" and where the key is; the places are those of the German and
 * Austrian keyboard, then, where they do not contradict, of the Swiss and the US international one.
 */
const PLACES: Record<string, [plain: Accent | undefined, shifted: Accent | undefined]> = {
  Backquote: [ACCENTS.circumflex, ACCENTS.tilde],
  Equal: [ACCENTS.acute, ACCENTS.grave],
  BracketRight: [ACCENTS.diaeresis, undefined],
  Quote: [ACCENTS.acute, ACCENTS.diaeresis],
  Digit6: [undefined, ACCENTS.circumflex],
};

type Press = Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey'>;

/**
 * Puts accent and letter together where the browser does not: some say "Dead" and then the bare letter, others "Dead"
 * and then the letter with its accent, or both signs at once if they do not join.
 */
export class DeadKeys {
  #accent: Accent | undefined;

  /** The text to type instead of what this key says; undefined to leave it as it is. */
  press({ key, code, shiftKey, ctrlKey, altKey, metaKey }: Press): string | undefined {
    if (key === 'Shift' || key === 'AltGraph') return undefined;
    const accent = this.#accent;
    this.#accent = undefined;
    if (key === 'Dead') {
      const next = PLACES[code]?.[shiftKey ? 1 : 0];
      // Twice the same is the sign itself.
      if (accent && next === accent) return accent.alone;
      this.#accent = next;
      return accent ? accent.alone : '';
    }
    const shortcut = (ctrlKey || altKey || metaKey) && !(ctrlKey && altKey);
    if (!accent || shortcut) return undefined;
    if (key === ' ') return accent.alone;
    if (key === accent.alone || key.length === 2 && key.startsWith(accent.alone)) return key;
    // Escape, Backspace and the like take the accent back.
    if ([...key].length > 1) return undefined;
    if (key.normalize('NFD').length > 1) return undefined;
    const joined = (key + accent.joins).normalize('NFC');
    return joined.length === 1 ? joined : accent.alone + key;
  }
}
