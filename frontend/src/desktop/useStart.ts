import { useEffect } from 'react';
import { serverNow } from '~/api/serverClock';
import type { Desktop } from '~/api/types';
import { useNow } from '~/app/useNow';
import { currentStep, type Step, STEPS, type StepTimes } from './startSteps';

type Log = { begun: number; times: StepTimes };

/** Starts seen by this page, by desktop. The server tells the present step only. */
const logs = new Map<string, Log>();
const RECENT = 10 * 60_000;

function record(desktop: Desktop, step: Step) {
  const now = serverNow();
  const log = logs.get(desktop.id);
  const earlier = log && Object.keys(log.times).some((seen) => STEPS.indexOf(seen as Step) > STEPS.indexOf(step));
  if (!log || earlier) {
    // A page opened in the middle of the first start counts from its true beginning.
    const created = Date.parse(desktop.created_at);
    const begun = !desktop.started_at && !log && now - created < RECENT ? Math.min(created, now) : now;
    logs.set(desktop.id, { begun, times: { [step]: step === 'queue' ? begun : now } });
  } else {
    log.times[step] ??= now;
  }
}

/** Where a start is, how long it has been going on, and how long its steps took. */
export function useStart(desktop: Desktop): { step: Step | undefined; elapsed: number; inStep: number; times: StepTimes } {
  const now = useNow('second');
  const step = currentStep(desktop);
  useEffect(() => {
    if (step) record(desktop, step);
  }, [desktop, step]);
  const log = logs.get(desktop.id);
  const since = step && log?.times[step];
  const times = step ? { ...log?.times, [step]: since ?? now } : {};
  return {
    step,
    elapsed: log ? Math.max(0, now - log.begun) : 0,
    inStep: since === undefined ? 0 : Math.max(0, now - since),
    times,
  };
}
