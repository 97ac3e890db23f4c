import { useMemo } from 'react';
import { type IntlShape, useIntl } from 'react-intl';
import { type Translate, useT } from './useT';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Times as one would say them. All take the present as an argument, for a component to re-render by. */
export type Times = {
  /** "vor 5 Minuten", "gestern, 10:12", "3. Mai" */
  ago: (at: string, now: number) => string;
  /** "10:12", or "morgen, 10:12" */
  clock: (at: string, now: number) => string;
  /** "12 s", "1:05 min" */
  elapsed: (milliseconds: number) => string;
  /** "40 Sekunden", "3 Minuten": what is still to come, as roughly as one can know it. */
  roughly: (seconds: number, style: 'long' | 'short') => string;
};

export function useTimes(): Times {
  const intl = useIntl();
  const t = useT();
  return useMemo(() => times(intl, t), [intl, t]);
}

function times(intl: IntlShape, t: Translate): Times {
  const hour = (at: number) => intl.formatTime(at, { hour: '2-digit', minute: '2-digit' });
  const days = (at: number, now: number) => Math.round((midnight(at) - midnight(now)) / DAY);
  const clock = (at: number, now: number) => {
    const distance = days(at, now);
    if (distance === 0) return hour(at);
    if (Math.abs(distance) === 1) return `${intl.formatRelativeTime(distance, 'day', { numeric: 'auto' })}, ${hour(at)}`;
    return intl.formatDate(at, { day: 'numeric', month: 'long', ...(Math.abs(distance) > 300 && { year: 'numeric' }) });
  };
  return {
    ago: (iso, now) => {
      const at = Date.parse(iso);
      const past = now - at;
      if (past < MINUTE) return t('time.justNow');
      if (past < HOUR) return intl.formatRelativeTime(-Math.floor(past / MINUTE), 'minute');
      return days(at, now) === 0 ? t('time.today', { time: hour(at) }) : clock(at, now);
    },
    clock: (iso, now) => clock(Date.parse(iso), now),
    elapsed: (milliseconds) => {
      const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
      if (seconds < 60) return t('time.seconds', { seconds });
      return t('time.minutes', { time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}` });
    },
    roughly: (seconds, unitDisplay) => {
      if (seconds > 90) return intl.formatNumber(Math.ceil(seconds / 60), { style: 'unit', unit: 'minute', unitDisplay });
      const rounded = seconds <= 10 ? Math.max(5, seconds) : Math.ceil(seconds / 10) * 10;
      return intl.formatNumber(rounded, { style: 'unit', unit: 'second', unitDisplay });
    },
  };
}

const midnight = (at: number) => new Date(at).setHours(0, 0, 0, 0);
