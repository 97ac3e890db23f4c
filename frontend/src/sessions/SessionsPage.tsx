import { useQuery } from '@tanstack/react-query';
import { LogOut, RotateCw } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { ApiProblem } from '~/api/problem';
import { sessionsQuery } from '~/api/queries';
import { Frame } from '~/app/Frame';
import { ProblemText } from '~/desktop/ProblemText';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import page from '~/ui/Page.module.css';
import { Situation } from '~/ui/Situation';
import { SessionCard } from './SessionCard';
import styles from './SessionsPage.module.css';
import { useEndSessions } from './useEndSessions';

/** Where one is signed in, and the way out of each of these browsers. */
export default function SessionsPage() {
  const t = useT();
  const { data: sessions, error, refetch } = useQuery(sessionsQuery);
  const { end, endOthers, ended, problem } = useEndSessions();
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // The button that was pressed is gone with what it ended.
    if (ended) said.current?.focus();
  }, [ended]);
  const hasOthers = sessions?.some((session) => !session.this);
  return (
    <Frame title={t('sessions.title')}>
      {sessions ? (
        <div className={page.page}>
          <h1 className={page.title}>{t('sessions.title')}</h1>
          <p className={page.lead}>{t('sessions.lead')}</p>
          <div className={styles.others}>
            {hasOthers && (
              <Button icon={LogOut} onPress={endOthers}>
                {t('sessions.endOthers')}
              </Button>
            )}
            {problem && (
              <div role="alert">
                <ProblemText problem={problem} />
              </div>
            )}
            <p role="status" ref={said} tabIndex={-1}>{ended && t('sessions.ended')}</p>
          </div>
          <ul className={styles.grid}>
            {sessions.map((session) => (
              <SessionCard key={session.id} session={session} onEnd={() => { end(session.id); }} />
            ))}
          </ul>
        </div>
      ) : error ? (
        <Situation
          mood="lost"
          title={t('sessions.unavailable')}
          actions={
            <Button look="primary" icon={RotateCw} onPress={() => void refetch()}>
              {t('action.retry')}
            </Button>
          }
        >
          {error instanceof ApiProblem && <ProblemText problem={error} />}
        </Situation>
      ) : (
        <p role="status" className="unseen">
          {t('sessions.loading')}
        </p>
      )}
    </Frame>
  );
}
