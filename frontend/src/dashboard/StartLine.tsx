import type { Desktop } from '~/api/types';
import { STEP_LABELS, STEPS, waitsForRoom } from '~/desktop/startSteps';
import { useStart } from '~/desktop/useStart';
import { type Translate, useT } from '~/i18n/useT';
import { type Times, useTimes } from '~/i18n/useTimes';
import styles from './StartLine.module.css';

/** A start in one line: which step of how many, and for how long. Without a desktop: the click was just now. */
export const StartLine = ({ desktop }: { desktop: Desktop | undefined }) =>
  desktop ? <Going desktop={desktop} /> : <Line at={0} text="" time="" />;

function Going({ desktop }: { desktop: Desktop }) {
  const t = useT();
  const times = useTimes();
  const { step = 'queue', elapsed } = useStart(desktop);
  const text = step === 'queue' ? queued(t, times, desktop) : t(STEP_LABELS[step]);
  return <Line at={STEPS.indexOf(step)} text={text} time={times.elapsed(elapsed)} />;
}

function queued(t: Translate, times: Times, desktop: Desktop): string {
  const { queue_position: place, eta_seconds } = desktop;
  if (!place) return '';
  const room = waitsForRoom(desktop);
  if (room) return t(room, { place });
  return eta_seconds == null ? t('card.place', { place }) : t('card.placeAndTime', { place, time: times.roughly(eta_seconds, 'short') });
}

function Line({ at, text, time }: { at: number; text: string; time: string }) {
  const t = useT();
  return (
    <div className={styles.start}>
      <div className={styles.bar} aria-hidden>
        {STEPS.slice(0, -1).map((step, index) => (
          <span key={step} data-progress={index < at ? 'done' : index === at ? 'now' : 'next'} />
        ))}
      </div>
      <p className={styles.text}>
        <span>{text || t('step.queue')}</span>
        <span className={styles.time}>{time}</span>
      </p>
    </div>
  );
}
