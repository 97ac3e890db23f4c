import { History } from 'lucide-react';
import type { Desktop } from '~/api/types';
import { useNow } from '~/app/useNow';
import { ReportId } from '~/desktop/ReportId';
import { isOnItsWay } from '~/desktop/stateView';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import styles from './CardFacts.module.css';
import { CardStopsSoon } from './CardStopsSoon';
import { StartLine } from './StartLine';

/** What one may want to know about a desktop, quietly: when it was used, why it is as it is, until when it runs. */
export function CardFacts({ desktop, opening }: { desktop: Desktop | undefined; opening: boolean }) {
  const t = useT();
  const times = useTimes();
  const now = useNow('minute');
  if (opening) return <StartLine desktop={undefined} />;
  if (!desktop) return null;
  if (isOnItsWay(desktop)) return <StartLine desktop={desktop} />;
  const { state, why, stops_at, last_used_at, id } = desktop;
  return (
    <div className={styles.facts}>
      {why && (
        <p className={state === 'failed' ? styles.bad : undefined}>
          {why}
        </p>
      )}
      {state === 'running' && stops_at && <CardStopsSoon desktop={desktop} stopsAt={stops_at} />}
      {state !== 'running' && last_used_at && (
        <p className={styles.fact}>
          <History size={16} aria-hidden />
          {t('card.lastUsed', { time: times.ago(last_used_at, now) })}
        </p>
      )}
      {state === 'failed' && <ReportId id={id} />}
    </div>
  );
}
