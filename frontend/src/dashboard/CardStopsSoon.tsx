import { Clock } from 'lucide-react';
import type { Desktop } from '~/api/types';
import { useNow } from '~/app/useNow';
import { useDesktopAction } from '~/desktop/useDesktopAction';
import { useStopsSoon } from '~/desktop/useStopsSoon';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import { Button } from '~/ui/Button';
import facts from './CardFacts.module.css';
import styles from './CardStopsSoon.module.css';

/** Until when a desktop runs; when that is near, as a warning that one click takes back where it can be put off. Where it cannot, the card says why. */
export function CardStopsSoon({ desktop, stopsAt }: { desktop: Desktop; stopsAt: string }) {
  const t = useT();
  const times = useTimes();
  const now = useNow('minute');
  const soon = useStopsSoon(desktop);
  const action = useDesktopAction(desktop);
  if (!soon) {
    return (
      <p className={facts.fact}>
        <Clock size={16} aria-hidden />
        {t('card.stopsAt', { time: times.clock(stopsAt, now) })}
      </p>
    );
  }
  return (
    <div className={styles.warning}>
      <p>
        <strong>{t('stopsSoon.title', { minutes: soon.minutes })}</strong>
      </p>
      {!soon.fixed && <Button onPress={() => { action.run('extend'); }}>{t('stopsSoon.stay')}</Button>}
    </div>
  );
}
