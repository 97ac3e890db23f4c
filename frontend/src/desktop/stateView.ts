import { CircleAlert, CircleDashed, CirclePlay, Hourglass, LoaderCircle, Moon } from 'lucide-react';
import type { Desktop, DesktopState } from '~/api/types';
import type { StateLook } from '~/ui/StatePill';

/**
 * How a state looks, by icon and word and colour, and what one does next:
 * `open` goes on working, `watch` sees the start, `start` starts, `wait` means nothing can be done right now.
 */
export type StateView = StateLook & { action: 'open' | 'watch' | 'start' | 'wait' };

const VIEWS: Record<DesktopState | 'none', StateView> = {
  none: { tone: 'idle', icon: CircleDashed, label: 'state.none', action: 'start' },
  requested: { tone: 'busy', icon: Hourglass, label: 'state.requested', action: 'watch' },
  queued: { tone: 'busy', icon: Hourglass, label: 'state.queued', action: 'watch' },
  starting: { tone: 'busy', icon: LoaderCircle, label: 'state.starting', action: 'watch' },
  running: { tone: 'live', icon: CirclePlay, label: 'state.running', action: 'open' },
  stopping: { tone: 'busy', icon: LoaderCircle, label: 'state.stopping', action: 'wait' },
  stopped: { tone: 'idle', icon: Moon, label: 'state.stopped', action: 'start' },
  failed: { tone: 'bad', icon: CircleAlert, label: 'state.failed', action: 'start' },
};

export const stateView = (desktop: Pick<Desktop, 'state'> | undefined): StateView => VIEWS[desktop?.state ?? 'none'];

/** On its way to running. */
export const isOnItsWay = ({ state }: Pick<Desktop, 'state'>): boolean => state === 'requested' || state === 'queued' || state === 'starting';
