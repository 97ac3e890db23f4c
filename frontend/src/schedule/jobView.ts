import { CircleAlert, CircleCheck, CircleDashed, Hourglass, LoaderCircle } from 'lucide-react';
import type { ScheduledJob } from '~/api/types';
import type { Translate } from '~/i18n/useT';
import type { StateLook } from '~/ui/StatePill';

/** How a job is: what happens now goes before how it went last. */
export function jobView({ running, run_requested, last_result }: Pick<ScheduledJob, 'running' | 'run_requested' | 'last_result'>): StateLook {
  if (running) return { tone: 'busy', icon: LoaderCircle, label: 'schedule.running' };
  if (run_requested) return { tone: 'busy', icon: Hourglass, label: 'schedule.requested' };
  if (last_result === 'failed') return { tone: 'bad', icon: CircleAlert, label: 'schedule.failed' };
  if (last_result === 'ok') return { tone: 'live', icon: CircleCheck, label: 'schedule.ok' };
  return { tone: 'idle', icon: CircleDashed, label: 'schedule.never' };
}

/** When it is due, as one would say it; a cron expression as its admin wrote it. */
export function ruleText({ cron, every_seconds, time_zone }: Pick<ScheduledJob, 'cron' | 'every_seconds' | 'time_zone'>, t: Translate): string {
  if (cron) return t('schedule.cron', { cron, zone: time_zone ?? '' });
  if (!every_seconds) return t('schedule.onDemand');
  return every_seconds % 60 === 0 ? t('schedule.everyMinutes', { minutes: every_seconds / 60 }) : t('schedule.everySeconds', { seconds: every_seconds });
}

/** Whether something is about to change by itself. */
export const isUnderWay = ({ running, run_requested }: Pick<ScheduledJob, 'running' | 'run_requested'>): boolean => running || run_requested;
