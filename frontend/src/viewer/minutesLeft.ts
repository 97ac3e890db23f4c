const WARN_BEFORE = 5;

/** Whole minutes until the stop, rounded up; undefined while it is not near, or already over. */
export function minutesLeft(stopsAt: string | null | undefined, now: number): number | undefined {
  if (stopsAt == null) return undefined;
  const minutes = Math.ceil((Date.parse(stopsAt) - now) / 60_000);
  return minutes > 0 && minutes <= WARN_BEFORE ? minutes : undefined;
}
