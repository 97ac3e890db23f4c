import { describe, expect, it } from 'vitest';
import { minutesLeft } from './minutesLeft';

const now = Date.parse('2026-11-20T10:00:00Z');

describe('the warning before the stop', () => {
  it.each([
    [null, null, undefined],
    ['2026-11-20T10:00:01Z', '2026-11-20T10:05:01Z', undefined],
    ['2026-11-20T10:00:00Z', '2026-11-20T10:05:00Z', 5],
    ['2026-11-20T09:50:00Z', '2026-11-20T10:10:00Z', 10],
    ['2026-11-20T09:55:01Z', '2026-11-20T10:00:01Z', 1],
    ['2026-11-20T09:55:00Z', '2026-11-20T10:00:00Z', undefined],
    ['2026-11-20T08:55:00Z', '2026-11-20T09:00:00Z', undefined],
  ])('from %s for a stop at %s counts %s minutes', (warns_at, stops_at, minutes) => {
    expect(minutesLeft({ warns_at, stops_at }, now)).toBe(minutes);
  });
});
