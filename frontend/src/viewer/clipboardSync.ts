/** Whether texts pass between this computer's clipboard and the desktop's: never, on a click, or by themselves. */
export type ClipboardChoice = 'off' | 'ask' | 'auto';

/** This computer's clipboard, as far as the browser lets us have it. */
export type Clipboard = { read: () => Promise<string>; write: (text: string) => Promise<void> };

/** What a desktop takes (its server's MaxCutText is 1 MiB); more is left where it is. */
export const LONGEST_TEXT = 1_000_000;

type Ways = {
  choice: () => ClipboardChoice;
  here: Clipboard;
  /** Puts a text on the desktop's clipboard. */
  send: (text: string) => void;
  /** A text of the desktop that waits for a click, or none any more. */
  offer: (text: string | undefined) => void;
};

/** Keeps two clipboards alike, as far as the user wants and the browser lets. Nothing is read here unless the choice is `auto`. */
export class ClipboardSync {
  /** What both have: sent or received last. It is not sent again. */
  #common: string | undefined;

  constructor(private readonly ways: Ways) {}

  /** A text was copied in the desktop. */
  async copiedThere(text: string): Promise<void> {
    const choice = this.ways.choice();
    if (choice === 'off' || text === this.#common) return;
    this.#common = text;
    if (choice === 'auto' && (await this.#write(text))) return;
    // Refused, mostly for want of a click: then the user is asked for one.
    this.ways.offer(text);
  }

  /** The user may have copied something on this computer. */
  async lookHere(): Promise<void> {
    if (this.ways.choice() !== 'auto') return;
    try {
      this.putThere(await this.ways.here.read());
    } catch {
      // The browser refuses; pasting by key still works, for then it hands the text out itself.
    }
  }

  /** The user takes the offered text over. Says whether the browser let us. */
  async take(text: string): Promise<boolean> {
    this.ways.offer(undefined);
    return this.#write(text);
  }

  /** Puts a text there, unless it is there already. */
  putThere(text: string): void {
    if (text === '' || text === this.#common || text.length > LONGEST_TEXT) return;
    this.#common = text;
    // noVNC cannot encode halves of surrogate pairs.
    this.ways.send(text.replace(/\p{Surrogate}/gu, '\ufffd'));
  }

  /** Another connection, perhaps another desktop: what is there is unknown. */
  forget(): void {
    this.#common = undefined;
  }

  async #write(text: string): Promise<boolean> {
    try {
      await this.ways.here.write(text);
      return true;
    } catch {
      return false;
    }
  }
}

/** The browser's clipboard. Pages without https have none to write to by themselves. */
export const browserClipboard: Clipboard = {
  read: () => clipboard().readText(),
  write: (text) => clipboard().writeText(text),
};

function clipboard() {
  const { clipboard } = navigator as { clipboard?: typeof navigator.clipboard };
  if (!clipboard) throw new DOMException('no clipboard without https', 'NotAllowedError');
  return clipboard;
}
