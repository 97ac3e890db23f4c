import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { straightOn } from './straightOn';

const iserv = { id: 'oidc', name: 'IServ', url: '/auth/login?provider=oidc' };
const only = { local: false, oidc: true, providers: [iserv] };
const way = '/auth/login?provider=oidc&next=%2Fstart%2Fxfce';
const at = (search = '') => straightOn(only, new URLSearchParams(search), '/start/xfce');

let later = Date.UTC(2026, 10, 25);

describe('an ended session', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // each begins long after the one before
    vi.setSystemTime((later += 3_600_000));
  });
  afterEach(() => { vi.useRealTimers(); });

  it('is gone on with at the one provider, and the way back is kept', () => {
    expect(at()).toBe(way);
  });

  it('is asked about where there are several ways in', () => {
    const search = new URLSearchParams();
    expect(straightOn({ ...only, local: true }, search, '/')).toBeUndefined();
    expect(straightOn({ ...only, providers: [iserv, { ...iserv, id: 'other' }] }, search, '/')).toBeUndefined();
    expect(straightOn({ local: true, oidc: false, providers: [] }, search, '/')).toBeUndefined();
  });

  it('is not gone on with by itself by whoever has signed out', () => {
    expect(at('signed_out')).toBeUndefined();
  });

  it('does not go round and round', () => {
    expect(at()).toBe(way);
    expect(at()).toBeUndefined();
    vi.advanceTimersByTime(61_000);
    expect(at()).toBe(way);
  });
});
