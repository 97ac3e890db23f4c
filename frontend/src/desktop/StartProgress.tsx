import { Check, Circle, LayoutGrid, LoaderCircle, X } from 'lucide-react';
import type { Desktop } from '~/api/types';
import { type Translate, useT } from '~/i18n/useT';
import { type Times, useTimes } from '~/i18n/useTimes';
import { Button, LinkButton } from '~/ui/Button';
import { Situation } from '~/ui/Situation';
import styles from './StartProgress.module.css';
import { duration, STEP_LABELS, STEP_MOODS, type Step, STEPS, type StepTimes, waitsForRoom } from './startSteps';
import { useDesktopAction } from './useDesktopAction';
import { useStart } from './useStart';

/** The start of a desktop as a page: each step by name, with the time it took. Without a desktop: the request is on its way. */
export function StartProgress({ name, desktop, connecting }: { name: string; desktop: Desktop | undefined; connecting?: boolean }) {
  const t = useT();
  if (!desktop) {
    return (
      <Situation beside mood="waiting" title={t('start.title', { name })}>
        <StepList step="queue" times={{}} inStep={0} />
      </Situation>
    );
  }
  return <Progress name={name} desktop={desktop} connecting={connecting} />;
}

function Progress({ name, desktop, connecting }: { name: string; desktop: Desktop; connecting: boolean | undefined }) {
  const t = useT();
  const times = useTimes();
  const action = useDesktopAction(desktop);
  const start = useStart(desktop);
  const step = connecting ? 'connect' : (start.step ?? 'queue');
  return (
    <Situation
      beside
      mood={STEP_MOODS[step]}
      title={t('start.title', { name })}
      actions={
        <>
          <LinkButton icon={LayoutGrid} href="/">
            {t('action.overview')}
          </LinkButton>
          {!connecting && (
            <Button look="quiet" icon={X} onPress={() => { action.run('stop'); }}>
              {t('action.abort')}
            </Button>
          )}
        </>
      }
    >
      <p role="status">{sentence(t, times, desktop, step)}</p>
      <StepList step={step} times={start.times} inStep={start.inStep} />
      <p className={styles.total}>{t('start.elapsed', { time: times.elapsed(start.elapsed) })}</p>
    </Situation>
  );
}

function sentence(t: Translate, times: Times, desktop: Desktop, step: Step): string {
  if (step !== 'queue') return t(SENTENCES[step]);
  const { queue_position: place, eta_seconds, why } = desktop;
  // What it waits for besides its turn is told with figures, by whoever knows them.
  if (!place || waitsForRoom(desktop)) return why || t('start.queued');
  return eta_seconds == null ? t('start.place', { place }) : t('start.placeAndTime', { place, time: times.roughly(eta_seconds, 'long') });
}

const SENTENCES = {
  prepare: 'start.prepare',
  start: 'start.start',
  connect: 'start.connect',
  ready: 'start.connect',
} as const;

function StepList({ step, times, inStep }: { step: Step; times: StepTimes; inStep: number }) {
  const t = useT();
  const { elapsed } = useTimes();
  const at = STEPS.indexOf(step);
  return (
    <ol className={styles.steps}>
      {STEPS.map((one, index) => {
        const took = duration(one, times);
        const progress = index < at ? 'done' : index === at ? 'now' : 'next';
        const Icon = { done: Check, now: LoaderCircle, next: Circle }[progress];
        return (
          <li key={one} className={styles.step} data-progress={progress} aria-current={progress === 'now' ? 'step' : undefined}>
            <Icon size={20} aria-hidden />
            <span>{t(STEP_LABELS[one])}</span>
            {progress === 'done' && <span className="unseen">{t('step.done')}</span>}
            <span className={styles.time}>
              {progress === 'now' && elapsed(inStep)}
              {progress === 'done' && took !== undefined && elapsed(took)}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
