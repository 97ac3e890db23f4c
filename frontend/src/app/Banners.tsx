import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { statusQuery } from '~/api/queries';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import styles from './Banners.module.css';
import { BlockingFronts } from './BlockingFronts';
import { useNow } from './useNow';

/** What everybody should know about the installation right now; empty on a good day. */
export function Banners() {
  const t = useT();
  const times = useTimes();
  const now = useNow('minute');
  const status = useQuery({ ...statusQuery, enabled: false }).data;
  const engine = status?.engine;
  return (
    <div role="status">
      {engine?.reachable === false && (
        <div className={styles.banner}>
          <TriangleAlert size={22} aria-hidden />
          <p>
            <strong>{t('banner.engineTitle')}</strong> {t('banner.engineText')}
            {engine.since && <span className={styles.since}> {t('banner.since', { time: times.clock(engine.since, now) })}</span>}
          </p>
        </div>
      )}
      {status?.blocking_fronts && <BlockingFronts fronts={status.blocking_fronts} />}
    </div>
  );
}
