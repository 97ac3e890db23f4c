import { CalendarClock, History, Play, Timer } from 'lucide-react';
import { useState } from 'react';
import type { ScheduledJob } from '~/api/types';
import { useNow } from '~/app/useNow';
import { ProblemText } from '~/desktop/ProblemText';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import { Button } from '~/ui/Button';
import { ConfirmDialog } from '~/ui/ConfirmDialog';
import { StatePill } from '~/ui/StatePill';
import styles from './JobCard.module.css';
import { isUnderWay, jobView, ruleText } from './jobView';
import { useRunNow } from './useRunNow';

/** One job of the schedule: what it does, how it went, when it comes next, and the way to have it now. */
export function JobCard({ job }: { job: ScheduledJob }) {
  const t = useT();
  const { run, pending, wished, problem } = useRunNow(job.name);
  const [asking, setAsking] = useState(false);
  const view = jobView(job);
  return (
    <li className={styles.card}>
      <div className={styles.head}>
        <h2 className={styles.title}>{job.title}</h2>
        <StatePill view={view} />
      </div>
      <p>{job.description}</p>
      <Facts job={job} />
      {job.message && <p className={job.last_result === 'failed' ? styles.bad : styles.message}>{job.message}</p>}
      {problem && (
        <div role="alert" className={styles.bad}>
          <ProblemText problem={problem} />
        </div>
      )}
      <div className={styles.actions}>
        <Button
          icon={Play}
          isPending={pending || isUnderWay(job)}
          aria-label={t('schedule.runNamed', { name: job.title })}
          onPress={job.name === STOPS_WORK ? () => { setAsking(true); } : run}
        >
          {t('schedule.run')}
        </Button>
      </div>
      {/* Read aloud only to who asked for it: jobs that run by themselves are no news. */}
      <div role="status" className="unseen">
        {wished && `${job.title}: ${isUnderWay(job) ? t(view.label) : (job.message ?? t(view.label))}`}
      </div>
      {asking && (
        <ConfirmDialog title={t('schedule.stopTitle')} confirm={t('schedule.stopConfirm')} cancel={t('action.cancel')} onConfirm={run} onClose={() => { setAsking(false); }}>
          <p>{t('schedule.stopText')}</p>
        </ConfirmDialog>
      )}
    </li>
  );
}

/** The one job that takes something from people who are at work. */
const STOPS_WORK = 'nightly_stop';

function Facts({ job }: { job: ScheduledJob }) {
  const t = useT();
  const times = useTimes();
  const now = useNow('minute');
  const { last_started_at, next_run_at } = job;
  const soon = next_run_at && Date.parse(next_run_at) < now + 60_000;
  return (
    <dl className={styles.facts}>
      <div>
        <Timer size={16} aria-hidden />
        <dt>{t('schedule.rule')}</dt>
        <dd>{ruleText(job, t)}</dd>
      </div>
      <div>
        <History size={16} aria-hidden />
        <dt>{t('schedule.last')}</dt>
        <dd>{last_started_at ? times.ago(last_started_at, now) : t('schedule.never')}</dd>
      </div>
      {next_run_at && (
        <div>
          <CalendarClock size={16} aria-hidden />
          <dt>{t('schedule.next')}</dt>
          <dd>{soon ? t('schedule.soon') : times.clock(next_run_at, now)}</dd>
        </div>
      )}
    </dl>
  );
}
