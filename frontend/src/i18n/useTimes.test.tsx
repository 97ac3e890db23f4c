import { renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { IntlProvider } from 'react-intl';
import { describe, expect, it } from 'vitest';
import { loadMessages } from './messages';
import { useTimes } from './useTimes';

const now = new Date(2026, 10, 20, 10, 0).getTime();
const iso = (...date: [number, number, number, number, number]) => new Date(...date).toISOString();

describe('times', async () => {
  const messages = await loadMessages('de');
  const wrapper = ({ children }: { children: ReactNode }) => <IntlProvider locale="de-DE" messages={messages}>{children}</IntlProvider>;
  const times = () => renderHook(() => useTimes(), { wrapper }).result.current;

  it('of the past are said as one would say them', () => {
    const { ago } = times();
    expect(ago(new Date(now - 20_000).toISOString(), now)).toBe('gerade eben');
    expect(ago(new Date(now + 20_000).toISOString(), now)).toBe('gerade eben');
    expect(ago(iso(2026, 10, 20, 9, 55), now)).toBe('vor 5 Minuten');
    expect(ago(iso(2026, 10, 20, 7, 5), now)).toBe('heute, 07:05');
    expect(ago(iso(2026, 10, 19, 23, 59), now)).toBe('gestern, 23:59');
    expect(ago(iso(2026, 10, 3, 12, 0), now)).toBe('3. November');
    expect(ago(iso(2025, 4, 3, 12, 0), now)).toBe('3. Mai 2025');
  });

  it('ahead name the day only if it is another one', () => {
    const { clock } = times();
    expect(clock(iso(2026, 10, 20, 10, 45), now)).toBe('10:45');
    expect(clock(iso(2026, 10, 21, 0, 5), now)).toBe('morgen, 00:05');
  });

  it('that run are counted in seconds, then in minutes', () => {
    const { elapsed } = times();
    expect(elapsed(-5)).toBe('0 s');
    expect(elapsed(59_999)).toBe('59 s');
    expect(elapsed(65_000)).toBe('1:05 min');
  });

  it('still to come promise no more than one can know', () => {
    const { roughly } = times();
    expect(roughly(1, 'long')).toBe('5 Sekunden');
    expect(roughly(34, 'long')).toBe('40 Sekunden');
    expect(roughly(91, 'long')).toBe('2 Minuten');
    expect(roughly(34, 'short')).toBe('40 Sek.');
    expect(roughly(600, 'short')).toBe('10 Min.');
  });
});
