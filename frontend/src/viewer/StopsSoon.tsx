import { Clock } from 'lucide-react';
import type { Desktop } from '~/api/types';
import { ProblemText } from '~/desktop/ProblemText';
import { useDesktopAction } from '~/desktop/useDesktopAction';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import styles from './StopsSoon.module.css';

/** Warns before the desktop stops, and one click keeps it. */
export function StopsSoon({ desktop, minutes }: { desktop: Desktop; minutes: number | undefined }) {
  const t = useT();
  const action = useDesktopAction(desktop);
  return (
    <div role="status">
      {minutes !== undefined && (
        <div className={styles.warning}>
          <Clock size={22} aria-hidden />
          <div className={styles.text}>
            <p>
              <strong>{t('stopsSoon.title', { minutes })}</strong> {desktop.why}
            </p>
            {action.problem && <ProblemText problem={action.problem} />}
          </div>
          <Button look="primary" onPress={() => { action.run('extend'); }}>
            {t('stopsSoon.stay')}
          </Button>
        </div>
      )}
    </div>
  );
}
