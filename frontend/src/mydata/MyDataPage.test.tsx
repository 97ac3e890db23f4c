import { screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ME_KEY } from '~/api/client';
import { queryClient } from '~/api/queryClient';
import type { Look } from '~/api/types';
import { aPerson } from '~/testing/desktop';
import { show } from '~/testing/render';
import MyDataPage from './MyDataPage';

function aLook(more: Partial<Look> = {}): Look {
  return {
    id: 'l1', at: '2026-11-20T07:00:00Z', desktop_id: 'd1', desktop: 'mia-geogebra', viewer_id: 'u9', viewer: 'Alex Admin',
    reason: 'Hilfe beim Drucken', ...more,
  };
}

/** A server that has these pages of looks, each after the one before it. */
function aServer(...pages: Look[][]) {
  vi.stubGlobal('fetch', (request: Request) => {
    const at = Number(new URL(request.url).searchParams.get('cursor') ?? 0);
    const body = { items: pages[at] ?? [], next_cursor: at + 1 < pages.length ? String(at + 1) : null };
    return Promise.resolve(new Response(JSON.stringify(body), { status: 200, headers: { 'Content-Type': 'application/json' } }));
  });
}

describe('my data', () => {
  beforeEach(() => {
    queryClient.clear();
    queryClient.setQueryData(ME_KEY, aPerson('student'));
  });

  it('says who looked at which desktop, when and why, also where they are gone', async () => {
    aServer([aLook()], [aLook({ id: 'l2', viewer: null, reason: null })]);
    await show(<MyDataPage />);
    expect(await screen.findByText('Alex Admin hat deinen Desktop mia-geogebra geöffnet.')).toBeTruthy();
    expect(screen.getByText(/Grund: Hilfe beim Drucken/)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Ältere zeigen' }));
    expect(await screen.findByText(/^Jemand, den es hier nicht mehr gibt, hat/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Ältere zeigen' })).toBeNull();
  });

  it('says that nobody looked, and what is kept for how long', async () => {
    aServer([]);
    await show(<MyDataPage />);
    expect(await screen.findByText('Niemand hat in einen deiner Desktops gesehen.')).toBeTruthy();
    const link = screen.getByRole('link', { name: 'Meine Daten herunterladen' });
    expect(link.getAttribute('href')).toBe('/api/v1/me/export');
    expect(screen.getByText('Protokoll')).toBeTruthy();
  });

  it('says why it could not be loaded', async () => {
    vi.stubGlobal('fetch', () =>
      Promise.resolve(new Response(JSON.stringify({ code: 'scope_missing', detail: 'Dem Token fehlt der Umfang.' }), {
        status: 403, headers: { 'Content-Type': 'application/problem+json' },
      })));
    await show(<MyDataPage />);
    await waitFor(() => { expect(screen.getByRole('alert').textContent).toContain('Dem Token fehlt der Umfang.'); });
  });
});
