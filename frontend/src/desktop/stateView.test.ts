import { describe, expect, it } from 'vitest';
import type { DesktopState } from '~/api/types';
import { isOnItsWay, stateView } from './stateView';

describe('a state', () => {
  it.each<[DesktopState, string]>([
    ['requested', 'watch'],
    ['queued', 'watch'],
    ['starting', 'watch'],
    ['running', 'open'],
    ['stopping', 'wait'],
    ['stopped', 'start'],
    ['failed', 'start'],
  ])('%s offers to %s', (state, action) => {
    expect(stateView({ state }).action).toBe(action);
    expect(isOnItsWay({ state })).toBe(action === 'watch');
  });

  it('without a desktop offers to start', () => {
    expect(stateView(undefined)).toMatchObject({ tone: 'idle', action: 'start', label: 'state.none' });
  });
});
