import { describe, expect, it } from 'vitest';
import { currentStep, duration, waitsForRoom } from './startSteps';

describe('the step of a start', () => {
  it.each([
    ['requested', null, 'queue'],
    ['queued', null, 'queue'],
    ['starting', null, 'prepare'],
    ['starting', 'creating', 'prepare'],
    ['starting', 'starting', 'start'],
    ['starting', 'connecting', 'connect'],
    ['running', null, 'ready'],
    ['stopping', null, undefined],
    ['stopped', null, undefined],
    ['failed', null, undefined],
  ] as const)('in %s with %s is %s', (state, step, expected) => {
    expect(currentStep({ state, step })).toBe(expected);
  });

  it('took as long as until the next one that was seen', () => {
    expect(duration('queue', { queue: 1_000, prepare: 4_000 })).toBe(3_000);
    expect(duration('prepare', { prepare: 4_000, ready: 9_000 })).toBe(5_000);
    expect(duration('start', { queue: 1_000, connect: 9_000 })).toBeUndefined();
    expect(duration('connect', { connect: 9_000 })).toBeUndefined();
  });

  it('in the queue may need room as well', () => {
    expect(waitsForRoom({ state: 'queued', reason: 'waits_for_memory' })).toBe('card.memory');
    expect(waitsForRoom({ state: 'queued', reason: null })).toBeUndefined();
    expect(waitsForRoom({ state: 'failed', reason: 'too_large' })).toBeUndefined();
  });
});
