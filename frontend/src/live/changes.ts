import type { Desktop } from '~/api/types';

/**
 * Keeps what the event stream said about each desktop, in order of arrival, so that a slower answer
 * (a list, or the answer to a click) cannot put an older picture over a newer one.
 */
let arrivals = 0;
const latest = new Map<string, { arrival: number; desktop: Desktop }>();

/** A point in time: "from here on". Take one before a request is sent. */
export const mark = (): number => arrivals;

export function note(desktop: Desktop): void {
  latest.set(desktop.id, { arrival: ++arrivals, desktop });
}

/** `desktops` with everything on top that the stream said after `begun`. */
export function sinceMark(begun: number, desktops: readonly Desktop[]): Desktop[] {
  let list = [...desktops];
  for (const { arrival, desktop } of latest.values()) {
    if (arrival > begun) list = merge(list, desktop);
  }
  return list;
}

/** Whether the stream said something about this desktop after `begun`. */
export const heardSince = (begun: number, id: string): boolean => (latest.get(id)?.arrival ?? 0) > begun;

/** Puts one desktop into a list, in place of its older self; a removed one leaves it. */
export function merge(list: readonly Desktop[], desktop: Desktop): Desktop[] {
  const others = list.filter(({ id }) => id !== desktop.id);
  if (desktop.removed) return others;
  const at = list.findIndex(({ id }) => id === desktop.id);
  return at < 0 ? [...others, desktop] : others.toSpliced(at, 0, desktop);
}

/** Another person may sign in on this page: nothing of the last one stays. */
export function forgetChanges(): void {
  latest.clear();
}
