import { useSyncExternalStore } from 'react';
import { serverNow } from '~/api/serverClock';

const SECOND = 1_000;
const watchers = new Map<() => void, number>();
let timer: ReturnType<typeof setInterval> | undefined;
let tick = serverNow();

// One timer for the whole page; each watcher only re-renders when its own step is over.
function watch(tell: () => void, step: number) {
  watchers.set(tell, step);
  timer ??= setInterval(() => {
    const before = tick;
    tick = serverNow();
    watchers.forEach((every, each) => {
      if (Math.floor(before / every) !== Math.floor(tick / every)) each();
    });
  }, SECOND);
  return () => {
    watchers.delete(tell);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const everySecond = (tell: () => void) => watch(tell, SECOND);
const everyMinute = (tell: () => void) => watch(tell, 60 * SECOND);

/** The server's present in milliseconds, renewed each second or minute. */
export function useNow(step: 'second' | 'minute'): number {
  return useSyncExternalStore(step === 'second' ? everySecond : everyMinute, () => {
    const every = step === 'second' ? SECOND : 60 * SECOND;
    // Truncated, so that two reads within one step are the same snapshot.
    return Math.floor(serverNow() / every) * every;
  });
}
