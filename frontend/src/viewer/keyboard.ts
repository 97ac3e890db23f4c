import { DeadKeys } from './deadKeys';
import { underModifiers } from './keysyms';
import type { StickyKeys } from './stickyKeys';

const COPIED = ['code', 'location', 'repeat', 'ctrlKey', 'altKey', 'shiftKey', 'metaKey'] as const;
const PASTE = new Set(['v', 'V']);

type Parts = {
  sticky: StickyKeys;
  /** Somebody types. */
  onInput: () => void;
  /** Ctrl+V is about to reach the desktop: true if the browser shall be let have it, for what it tells of the clipboard. */
  wantsPaste: (key: string) => boolean;
};

/**
 * What becomes of a real keyboard's keys before noVNC sends them: accents are joined with their letters, modifiers of
 * the screen are applied, and no key stays down in a desktop that lost the focus. noVNC sends the character a key
 * makes, not its place, so any layout here fits any layout there.
 */
export function watchKeyboard(screen: HTMLElement, { sticky, onInput, wantsPaste }: Parts): () => void {
  const dead = new DeadKeys();
  const down = new Map<string, EventTarget>();
  const ours = new WeakSet<Event>();

  const say = (target: EventTarget, type: 'keydown' | 'keyup', like: Partial<KeyboardEvent>, key: string) => {
    const init: KeyboardEventInit = { key, bubbles: true, cancelable: true };
    const event = new KeyboardEvent(type, Object.assign(init, Object.fromEntries(COPIED.map((name) => [name, like[name]]))));
    ours.add(event);
    target.dispatchEvent(event);
  };

  const press = (event: KeyboardEvent) => {
    if (!event.target) return;
    if (event.code) down.set(event.code, event.target);
    if (ours.has(event)) return;
    onInput();
    const text = dead.press(event) ?? (event.key.length === 1 && sticky.held.size > 0 ? underModifiers(event.key, sticky.held) : undefined);
    if (PASTE.has(event.key) && event.ctrlKey && !event.altKey && !event.metaKey && wantsPaste(event.key)) {
      event.stopImmediatePropagation();
      return;
    }
    if (text === undefined || text === event.key) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    const [first, ...more] = text;
    // All but the last have no key of their own: noVNC presses and releases what comes without a place.
    for (const character of [first, ...more].slice(0, -1)) say(event.target, 'keydown', {}, character ?? '');
    const last = more.at(-1) ?? first;
    if (last !== undefined) say(event.target, 'keydown', event, last);
  };

  const release = (event: KeyboardEvent) => {
    down.delete(event.code);
    // After noVNC has sent the release itself.
    if (!ours.has(event) && !isModifier(event.key)) setTimeout(() => { sticky.release(); });
  };

  const leave = () => {
    for (const [code, target] of down) say(target, 'keyup', { code }, '');
    down.clear();
    sticky.release();
  };

  screen.addEventListener('keydown', press, { capture: true });
  screen.addEventListener('keyup', release, { capture: true });
  screen.addEventListener('focusout', leave);
  window.addEventListener('blur', leave);
  return () => {
    screen.removeEventListener('keydown', press, { capture: true });
    screen.removeEventListener('keyup', release, { capture: true });
    screen.removeEventListener('focusout', leave);
    window.removeEventListener('blur', leave);
  };
}

const isModifier = (key: string) => ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'Dead'].includes(key);
