import type { Desktop } from '~/api/types';

/** Whole minutes until the stop, rounded up; undefined while its owner is not warned of it yet, or it is over. */
export function minutesLeft({ stops_at, warns_at }: Pick<Desktop, 'stops_at' | 'warns_at'>, now: number): number | undefined {
  if (stops_at == null || warns_at == null || now < Date.parse(warns_at)) return undefined;
  const minutes = Math.ceil((Date.parse(stops_at) - now) / 60_000);
  return minutes > 0 ? minutes : undefined;
}
