import { describe, expect, it } from 'vitest';
import { patienceOf, waitBefore } from './reconnect';

/** When the tries come after a break, in ms, with every wait as long as it may be. */
function tries(until: number, random: () => number): number[] {
  const at: number[] = [];
  for (let now = 0; now < until; ) {
    now += waitBefore(at.length, now, random);
    at.push(now);
  }
  return at;
}

describe('the tries after a break', () => {
  it('begin within half a second, and not all in the same instant', () => {
    expect(waitBefore(0, 0, () => 0)).toBe(250);
    expect(waitBefore(0, 0, () => 1)).toBe(500);
  });

  it('follow each other within 2 s while the break is short', () => {
    const at = tries(10_000, () => 1);
    const gaps = at.map((time, index) => time - (at[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2_000);
  });

  it('then come at most every 15 s, and at least half as rarely', () => {
    expect(waitBefore(20, 60_000, () => 1)).toBe(15_000);
    expect(waitBefore(20, 60_000, () => 0)).toBe(7_500);
  });

  it('are given up sooner at first than later', () => {
    expect([0, 1, 2, 3].map(patienceOf)).toEqual([5_000, 10_000, 20_000, 20_000]);
  });
});
