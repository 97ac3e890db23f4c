import { useEffect, useState } from 'react';
import { inOrder, type Tile } from './tiles';

/**
 * The order of the cards, kept while one looks at them: a card that starts or stops must not run away
 * from the pointer. Coming back from a desktop's tab, what runs is first again.
 */
export function useCalmOrder(all: readonly Tile[]): Tile[] {
  const [order, setOrder] = useState<readonly string[]>(() => slugs(all));
  const [stale, setStale] = useState(false);

  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'hidden') setStale(true);
    };
    document.addEventListener('visibilitychange', look);
    return () => { document.removeEventListener('visibilitychange', look); };
  }, []);

  // Sorted while nobody looks, and once more with what the page learns on return (see live/).
  if (stale && slugs(all).join() !== order.join()) setOrder(slugs(all));
  useEffect(() => {
    if (!stale) return undefined;
    const settle = () => {
      if (document.visibilityState === 'visible') setTimeout(() => { setStale(false); }, 1_500);
    };
    document.addEventListener('visibilitychange', settle);
    return () => { document.removeEventListener('visibilitychange', settle); };
  }, [stale]);

  return inOrder(all, order);
}

const slugs = (all: readonly Tile[]) => all.map(({ slug }) => slug);
