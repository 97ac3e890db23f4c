import type { RefObject } from 'react';
import { keyOf } from './keysyms';
import type { StickyKeys } from './stickyKeys';

/** A browser that has not answered Ctrl+V by then has nothing to paste. */
const PATIENCE = 150;

/**
 * Ctrl+V in the desktop. On this key every browser hands the text of its clipboard out, without asking for a
 * permission. So it gets the key first, and the desktop gets the text, and then the key.
 */
export class PasteKey {
  #isWatched = false;
  /** What follows the text: with Shift it is a capital letter, and a server believes the letter and not the Shift. */
  #key = 'v';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly put: (text: string) => void,
    private readonly keys: StickyKeys,
  ) {}

  /** The key is down, as that character. True if the browser shall have it first. */
  begin(key: string): boolean {
    if (!this.#isWatched) return false;
    this.#key = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#finish(); }, PATIENCE);
    return true;
  }

  watch(screen: RefObject<HTMLElement | null>): () => void {
    const paste = (event: ClipboardEvent) => {
      if (this.#timer === undefined || !screen.current?.contains(event.target as Node)) return;
      event.preventDefault();
      this.put(event.clipboardData?.getData('text/plain') ?? '');
      this.#finish();
    };
    document.addEventListener('paste', paste);
    this.#isWatched = true;
    return () => {
      document.removeEventListener('paste', paste);
      this.#isWatched = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #finish() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const key = keyOf(this.#key);
    if (key) this.keys.press(key);
  }
}
