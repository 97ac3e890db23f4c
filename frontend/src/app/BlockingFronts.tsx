import { useState } from 'react';
import { Unplug, X } from 'lucide-react';
import type { BlockingFront } from '~/api/types';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import { IconButton } from '~/ui/Button';
import styles from './Banners.module.css';
import { read, write } from './preferences';
import { useNow } from './useNow';

const DISMISSED = 'pult.blockingFrontsDismissed';

/** The front proxies that keep streams from opening, and what to write where; dismissed until it happens again. */
export function BlockingFronts({ fronts }: { fronts: BlockingFront[] }) {
  const t = useT();
  const times = useTimes();
  const now = useNow('minute');
  const [dismissed, setDismissed] = useState(() => read(DISMISSED) ?? '');
  // Times of the server are all written alike, so that they compare as text.
  const shown = fronts.filter((front) => front.last_seen_at > dismissed);
  const newest = shown.map((front) => front.last_seen_at).sort().at(-1);
  if (!newest) return null;
  const dismiss = () => {
    write(DISMISSED, newest);
    setDismissed(newest);
  };
  return (
    <div className={styles.banner}>
      <Unplug size={22} aria-hidden />
      <div className={styles.fronts}>
        {shown.map((front) => (
          <div key={`${front.proxy ?? ''} ${front.last_seen_at}`}>
            <p>
              <strong>{t('banner.streamsTitle', { proxy: front.proxy ?? t('banner.streamsProxy') })}</strong>{' '}
              {t('banner.streamsText')}
            </p>
            <code className={styles.remedy}>{front.remedy}</code>
            <p className={styles.since}>{t('banner.streamsSeen', { count: front.count, time: times.ago(front.last_seen_at, now) })}</p>
          </div>
        ))}
      </div>
      <IconButton icon={X} label={t('banner.dismiss')} onPress={dismiss} />
    </div>
  );
}
