import { Clock } from 'lucide-react';
import type { Desktop } from '~/api/types';
import { ProblemText } from '~/desktop/ProblemText';
import { useDesktopAction } from '~/desktop/useDesktopAction';
import type { StopsSoon as Soon } from '~/desktop/useStopsSoon';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import styles from './StopsSoon.module.css';

/** Warns before the desktop stops, and one click keeps it; or says that nothing does, and what to do. */
export function StopsSoon({ desktop, soon }: { desktop: Desktop; soon: Soon | undefined }) {
  const t = useT();
  const action = useDesktopAction(desktop);
  return (
    <div role="status">
      {soon && (
        <div className={styles.warning}>
          <Clock size={22} aria-hidden />
          <div className={styles.text}>
            <p>
              <strong>{t('stopsSoon.title', { minutes: soon.minutes })}</strong> {soon.fixed ? t(soon.fixed) : desktop.why}
            </p>
            {action.problem && <ProblemText problem={action.problem} />}
          </div>
          {!soon.fixed && (
            <Button look="primary" onPress={() => { action.run('extend'); }}>
              {t('stopsSoon.stay')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
