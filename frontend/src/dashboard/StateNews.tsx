import { useEffect, useRef, useState } from 'react';
import { stateView } from '~/desktop/stateView';
import { useT } from '~/i18n/useT';
import type { Tile } from './tiles';

/** Reads a change of state aloud; the cards themselves only show it. */
export function StateNews({ tiles }: { tiles: readonly Tile[] }) {
  const t = useT();
  const before = useRef<Map<string, string>>(undefined);
  const [news, setNews] = useState('');

  useEffect(() => {
    const states = new Map(tiles.map(({ slug, desktop }) => [slug, desktop?.state ?? 'none']));
    const changed = tiles.filter(({ slug }) => before.current && before.current.get(slug) !== states.get(slug));
    before.current = states;
    if (changed.length > 0) setNews(changed.map(({ name, desktop }) => `${name}: ${t(stateView(desktop).label)}`).join('. '));
  }, [tiles, t]);

  return (
    <div role="status" className="unseen">
      {news}
    </div>
  );
}
