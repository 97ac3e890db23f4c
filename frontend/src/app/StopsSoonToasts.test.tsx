import { useQuery } from '@tanstack/react-query';
import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queryClient } from '~/api/queryClient';
import { desktopsQuery, templatesQuery } from '~/api/queries';
import type { Desktop } from '~/api/types';
import { aDesktop, aTemplate } from '~/testing/desktop';
import { show } from '~/testing/render';
import { StopsSoonToasts } from './StopsSoonToasts';

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const near = (more: Partial<Desktop> = {}) =>
  aDesktop({ warns_at: inSeconds(-1), stops_at: inSeconds(150), stops_for: 'idle', ...more });

const toasts = async (...desktops: Desktop[]) => {
  queryClient.setQueryData(templatesQuery.queryKey, [aTemplate()]);
  queryClient.setQueryData(desktopsQuery.queryKey, desktops);
  await show(<StopsSoonToasts />);
  await act(async () => { await Promise.resolve(); });
};

describe('what stops soon', () => {
  const asked = vi.fn<(request: Request) => Promise<Response>>(() => new Promise(() => undefined));
  beforeEach(() => { vi.stubGlobal('fetch', asked.mockClear()); });
  afterEach(() => {
    vi.unstubAllGlobals();
    window.history.replaceState(null, '', '/');
  });

  it('is told with its name, and one click keeps it', async () => {
    await toasts(near());
    expect(await screen.findByText('Linux hält in 3 Minuten an.')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Bleiben' }));
    expect(screen.queryByText('Linux hält in 3 Minuten an.')).toBeNull();
    expect(asked.mock.calls.some(([request]) => request.url.endsWith('/api/v1/desktops/d1/extend'))).toBe(true);
  });

  it('whatever is done, says so and has no button that would not help', async () => {
    await toasts(near({ stops_for: 'lifetime' }));
    expect(await screen.findByText(/nicht verlängern: bitte jetzt alles speichern/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Bleiben' })).toBeNull();
  });

  it('because it is night, says so', async () => {
    await toasts(near({ stops_for: 'nightly' }));
    expect(await screen.findByText(/Wie jede Nacht. Das lässt sich nicht verlängern/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Bleiben' })).toBeNull();
  });

  it('can be put away', async () => {
    await toasts(near());
    await userEvent.click(await screen.findByRole('button', { name: 'Schließen' }));
    expect(screen.queryByText(/Linux hält/)).toBeNull();
  });

  it('is left to the page of the desktop while that is open', async () => {
    window.history.replaceState(null, '', '/desktop/mia-linux/');
    await toasts(near(), near({ id: 'd2', name: 'mia-python', template: 'python' }));
    expect(await screen.findByText('python hält in 3 Minuten an.')).toBeTruthy();
    expect(screen.queryByText(/Linux hält/)).toBeNull();
  });

  it('is not told to somebody who typed meanwhile: the server knows, and is asked first', async () => {
    const typed = near({ warns_at: inSeconds(2_000), stops_at: inSeconds(2_300) });
    asked.mockImplementationOnce(() => Promise.resolve(Response.json({ items: [typed] })));
    queryClient.setQueryData(desktopsQuery.queryKey, [near()]);
    const seen: string[] = [];
    function Page() {
      const desktops = useQuery(desktopsQuery).data;
      const toasts = screen.queryByText(/hält in/)?.textContent;
      if (toasts) seen.push(toasts);
      return <p>{desktops?.[0]?.stops_at}</p>;
    }
    await show(<><Page /><StopsSoonToasts /></>);
    expect(await screen.findByText(String(typed.stops_at))).toBeTruthy();
    expect(screen.queryByText(/hält in/)).toBeNull();
    expect(seen).toEqual([]);
  });

  it('is nothing while it is far, or over', async () => {
    await toasts(near({ warns_at: inSeconds(60) }), near({ id: 'd2', stops_at: inSeconds(-1) }), near({ id: 'd3', state: 'stopping' }));
    expect(screen.getByRole('status').textContent).toBe('');
  });
});
