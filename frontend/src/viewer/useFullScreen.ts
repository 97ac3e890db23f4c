import { useSyncExternalStore } from 'react';

type KeyboardLock = { keyboard?: { lock?: () => Promise<void>; unlock?: () => void } };

const watch = (tell: () => void) => {
  document.addEventListener('fullscreenchange', tell);
  return () => { document.removeEventListener('fullscreenchange', tell); };
};

/**
 * The whole page and not only the picture goes full screen, so that menus stay visible. Where the browser
 * can, the desktop then also gets keys such as Escape and Alt+Tab; holding Escape leaves.
 */
export function useFullScreen(): { possible: boolean; active: boolean; toggle: () => void } {
  const active = useSyncExternalStore(watch, () => document.fullscreenElement !== null);
  return { possible: document.fullscreenEnabled, active, toggle };
}

function toggle() {
  const { keyboard } = navigator as KeyboardLock;
  if (document.fullscreenElement) {
    keyboard?.unlock?.();
    void document.exitFullscreen();
  } else {
    // Refused now and then (a policy, a gesture too old): then the page simply stays as it is.
    document.documentElement.requestFullscreen().then(() => keyboard?.lock?.()).catch(() => {});
  }
}
