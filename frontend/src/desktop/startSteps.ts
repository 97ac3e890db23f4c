import type { Desktop } from '~/api/types';
import type { MessageId } from '~/i18n/messages';
import type { Mood } from '~/ui/DeskScene';

/** The steps of a start, as the user reads them. `connect` also covers this browser's own way to the picture. */
export const STEPS = ['queue', 'prepare', 'start', 'connect', 'ready'] as const;
export type Step = (typeof STEPS)[number];

export const STEP_LABELS: Record<Step, MessageId> = {
  queue: 'step.queue',
  prepare: 'step.prepare',
  start: 'step.start',
  connect: 'step.connect',
  ready: 'step.ready',
};

export const STEP_MOODS: Record<Step, Mood> = {
  queue: 'waiting',
  prepare: 'preparing',
  start: 'starting',
  connect: 'connecting',
  ready: 'ready',
};

/** Where the start is now; undefined if the desktop is not on its way. */
export function currentStep({ state, step }: Pick<Desktop, 'state' | 'step'>): Step | undefined {
  switch (state) {
    case 'requested':
    case 'queued':
      return 'queue';
    case 'starting':
      if (step === 'starting') return 'start';
      return step === 'connecting' ? 'connect' : 'prepare';
    case 'running':
      return 'ready';
    default:
      return undefined;
  }
}

/** What a desktop in the queue waits for, other than its turn. */
const ROOM: Record<string, MessageId> = {
  waits_for_memory: 'card.memory',
  waits_for_processors: 'card.processors',
};

/** Whether it is not only others' turn but also their room that a desktop waits for: then, the words for it. */
export function waitsForRoom({ state, reason }: Pick<Desktop, 'state' | 'reason'>): MessageId | undefined {
  return state === 'queued' ? ROOM[reason ?? ''] : undefined;
}

/** When each step began, as far as this page has seen it. */
export type StepTimes = Partial<Record<Step, number>>;

/** How long a finished step took: until the next one that was seen began. Undefined if that was never seen. */
export function duration(step: Step, times: StepTimes): number | undefined {
  const begun = times[step];
  const next = STEPS.slice(STEPS.indexOf(step) + 1).map((later) => times[later]).find((time) => time !== undefined);
  return begun === undefined || next === undefined ? undefined : Math.max(0, next - begun);
}
