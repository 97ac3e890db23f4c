import { describe, expect, it } from 'vitest';
import { minutesLeft } from './minutesLeft';

const now = Date.parse('2026-11-20T10:00:00Z');

describe('the warning before the stop', () => {
  it.each([
    [null, undefined],
    ['2026-11-20T10:05:01Z', undefined],
    ['2026-11-20T10:05:00Z', 5],
    ['2026-11-20T10:00:01Z', 1],
    ['2026-11-20T10:00:00Z', undefined],
    ['2026-11-20T09:00:00Z', undefined],
  ])('for a stop at %s counts %s minutes', (at, minutes) => {
    expect(minutesLeft(at, now)).toBe(minutes);
  });
});
