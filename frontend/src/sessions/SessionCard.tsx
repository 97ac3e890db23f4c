import { LogOut } from 'lucide-react';
import type { Session } from '~/api/types';
import { useNow } from '~/app/useNow';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import { Button } from '~/ui/Button';
import styles from './SessionsPage.module.css';

/** One browser in which one is signed in. The present one is left by the menu, like everything else. */
export function SessionCard({ session, onEnd }: { session: Session; onEnd: () => void }) {
  const t = useT();
  const times = useTimes();
  const now = useNow('minute');
  const name = t('sessions.device', { browser: session.browser, system: session.system });
  return (
    <li className={styles.card}>
      <h2 className={styles.name}>{name}</h2>
      {session.this && <p className={styles.this}>{t('sessions.this')}</p>}
      <dl className={styles.facts}>
        <div>
          <dt>{t('sessions.since')}</dt>
          <dd>{times.ago(session.created_at, now)}</dd>
        </div>
        <div>
          <dt>{t('sessions.lastSeen')}</dt>
          <dd>{times.ago(session.last_seen_at, now)}</dd>
        </div>
        <div>
          <dt>{t('sessions.ends')}</dt>
          <dd>{times.clock(session.ends_at, now)}</dd>
        </div>
      </dl>
      {!session.this && (
        <div className={styles.actions}>
          <Button icon={LogOut} aria-label={t('sessions.endNamed', { name })} onPress={onEnd}>
            {t('sessions.end')}
          </Button>
        </div>
      )}
    </li>
  );
}
