import { read, write } from '~/app/preferences';

/**
 * A link on some other site must not start desktops, so the start page only acts by itself when a
 * card of ours was clicked just now in this browser. Otherwise it asks first.
 */
const KEY = 'pult.start';
const FRESH = 30_000;

/** Call in the click. */
export const announceStart = (slug: string): void => { write(KEY, JSON.stringify({ slug, at: Date.now() })); };

export function startWasAnnounced(slug: string): boolean {
  try {
    const { slug: announced, at } = JSON.parse(read(KEY) ?? '') as { slug: unknown; at: unknown };
    return announced === slug && typeof at === 'number' && Math.abs(Date.now() - at) < FRESH;
  } catch {
    return false;
  }
}

export const forgetStart = (): void => { write(KEY, null); };
