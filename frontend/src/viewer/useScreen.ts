import { type CSSProperties, useSyncExternalStore } from 'react';

const COARSE = '(pointer: coarse)';

/** Whether this device is used with fingers in the first place, and so may lack keys. */
export const useIsTouch = (): boolean =>
  useSyncExternalStore(
    (tell) => {
      const query = matchMedia(COARSE);
      query.addEventListener('change', tell);
      return () => { query.removeEventListener('change', tell); };
    },
    () => matchMedia(COARSE).matches,
  );

const watch = (tell: () => void) => {
  for (const type of ['resize', 'scroll']) window.visualViewport?.addEventListener(type, tell);
  return () => {
    for (const type of ['resize', 'scroll']) window.visualViewport?.removeEventListener(type, tell);
  };
};
const stay = () => () => {};

/** Where the page is in sight while a phone's keyboard covers the rest of it; undefined while none does. */
export function useVisibleArea(isCovered: boolean): CSSProperties | undefined {
  // A string, so that two reads without a change in between are the same.
  const area = useSyncExternalStore(isCovered ? watch : stay, () => {
    const { visualViewport } = window;
    return isCovered && visualViewport ? `${Math.round(visualViewport.offsetTop)} ${Math.round(visualViewport.height)}` : '';
  });
  if (area === '') return undefined;
  const [top, height] = area.split(' ').map(Number);
  return { top, height, bottom: 'auto' };
}
