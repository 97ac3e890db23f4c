import { describe, expect, it } from 'vitest';
import { backoff } from './backoff';

describe('backoff', () => {
  it('doubles, up to the most', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 100].map((attempt) => backoff(attempt, 1_000, 15_000, () => 1));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]);
  });

  it('spreads over the upper half, so that a class does not come back at once', () => {
    expect(backoff(0, 1_000, 15_000, () => 0)).toBe(500);
    expect(backoff(9, 1_000, 15_000, () => 0)).toBe(7_500);
  });
});
