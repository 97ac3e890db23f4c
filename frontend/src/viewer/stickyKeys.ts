import { type Key, keyOf, type Modifier, MODIFIERS, underModifiers } from './keysyms';

type Send = (key: Key, down: boolean) => void;
const NONE: ReadonlySet<Modifier> = new Set();

/**
 * Modifiers on the screen: a tap holds one down in the desktop, the next key or a second tap lets it go. So whoever
 * has one finger, or a browser that keeps a shortcut for itself, can press any combination.
 */
export class StickyKeys {
  #held = NONE;
  #watchers = new Set<() => void>();

  constructor(private readonly send: Send) {}

  get held(): ReadonlySet<Modifier> {
    return this.#held;
  }

  subscribe = (tell: () => void) => {
    this.#watchers.add(tell);
    return () => { this.#watchers.delete(tell); };
  };

  toggle(modifier: Modifier): void {
    const held = new Set(this.#held);
    const down = !held.delete(modifier);
    if (down) held.add(modifier);
    this.send(MODIFIERS[modifier], down);
    this.#set(held);
  }

  /** Presses a key of the screen. */
  press(key: Key): void {
    this.send(key, true);
    this.send(key, false);
    this.release();
  }

  /** Types text, character by character; the first one gets what is held. */
  type(text: string): void {
    for (const character of text) {
      const key = keyOf(underModifiers(character, this.#held));
      if (key) this.press(key);
    }
  }

  /** Lets go of all: a key was pressed, or nobody is there any more to do it. */
  release(): void {
    if (this.#held.size === 0) return;
    for (const modifier of [...this.#held].reverse()) this.send(MODIFIERS[modifier], false);
    this.#set(NONE);
  }

  /** The connection is gone, and with it what was held. */
  forget(): void {
    if (this.#held.size > 0) this.#set(NONE);
  }

  #set(held: ReadonlySet<Modifier>) {
    this.#held = held;
    this.#watchers.forEach((tell) => { tell(); });
  }
}
