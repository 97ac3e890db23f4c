/** Milliseconds before try number `attempt` (from 0): doubling from `first` to `most`, and spread so that a class does not return in one instant. */
export function backoff(attempt: number, first: number, most: number, random = Math.random): number {
  const full = Math.min(most, first * 2 ** Math.min(attempt, 30));
  return Math.round(full / 2 + (full / 2) * random());
}
