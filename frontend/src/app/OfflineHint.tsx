import { WifiOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useT } from '~/i18n/useT';
import { useStreamState } from '~/live/useLive';
import styles from './OfflineHint.module.css';

/** Shorter gaps heal themselves before anybody reads about them. */
const PATIENCE = 3_000;

/** Says quietly that what is shown may be old. */
export function OfflineHint() {
  const t = useT();
  const lost = useStreamState() === 'lost';
  const [patient, setPatient] = useState(true);

  useEffect(() => {
    if (!lost) return undefined;
    const timer = setTimeout(() => { setPatient(false); }, PATIENCE);
    return () => {
      clearTimeout(timer);
      setPatient(true);
    };
  }, [lost]);

  return (
    <div role="status" className={styles.place}>
      {lost && !patient && (
        <span className={styles.hint}>
          <WifiOff size={18} aria-hidden />
          <span>{t('offline.hint')}</span>
        </span>
      )}
    </div>
  );
}
