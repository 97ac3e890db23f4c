import { Eye } from 'lucide-react';
import type { Grant } from '~/api/types';
import { useNow } from '~/app/useNow';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import styles from './Lookers.module.css';

/** Who else may look into a desktop now, why and until when: nobody looks unseen. Read aloud when it begins. */
export function Lookers({ grants }: { grants: Grant[] }) {
  return <div role="status">{grants.length > 0 && <Now grants={grants} />}</div>;
}

function Now({ grants }: { grants: Grant[] }) {
  const t = useT();
  const times = useTimes();
  // To the second: nothing tells that a grant is over by itself.
  const now = useNow('second');
  const live = grants.filter(({ until }) => Date.parse(until) > now);
  if (live.length === 0) return null;
  return (
    <ul className={styles.lookers}>
      {live.map(({ id, holder, reason, until, entered_at }) => (
        <li key={id} className={styles.looker}>
          <Eye size={16} aria-hidden />
          <span>
            <strong>{t('lookers.may', { name: holder, time: times.clock(until, now) })}</strong> {t('lookers.reason', { reason })}
            {entered_at && <span className={styles.entered}>{t('lookers.entered', { time: times.ago(entered_at, now) })}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
