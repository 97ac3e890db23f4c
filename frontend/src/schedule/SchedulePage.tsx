import { useQuery } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { ApiProblem } from '~/api/problem';
import { scheduleQuery } from '~/api/queries';
import { Frame } from '~/app/Frame';
import { ProblemText } from '~/desktop/ProblemText';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import page from '~/ui/Page.module.css';
import { Situation } from '~/ui/Situation';
import { JobCard } from './JobCard';
import { isUnderWay } from './jobView';
import styles from './SchedulePage.module.css';

const SECOND = 1_000;

/** What Pult does by the clock, for who runs it. Nothing announces how jobs go, so they are asked for. */
export default function SchedulePage() {
  const t = useT();
  const { data: jobs, error, refetch } = useQuery({
    ...scheduleQuery,
    refetchInterval: ({ state }) => (state.data?.some(isUnderWay) ? SECOND : 15 * SECOND),
  });
  return (
    <Frame title={t('schedule.title')}>
      {jobs ? (
        <div className={page.page}>
          <h1 className={page.title}>{t('schedule.title')}</h1>
          <p className={page.lead}>{t('schedule.lead')}</p>
          <ul className={styles.grid}>
            {jobs.map((job) => (
              <JobCard key={job.name} job={job} />
            ))}
          </ul>
        </div>
      ) : error ? (
        <Situation
          mood="lost"
          title={t('schedule.unavailable')}
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
          {t('schedule.loading')}
        </p>
      )}
    </Frame>
  );
}
