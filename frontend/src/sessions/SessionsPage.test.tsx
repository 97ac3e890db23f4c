import { screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ME_KEY } from '~/api/client';
import { queryClient } from '~/api/queryClient';
import type { Session } from '~/api/types';
import { aPerson } from '~/testing/desktop';
import { show } from '~/testing/render';
import SessionsPage from './SessionsPage';

function aSession(more: Partial<Session> = {}): Session {
  const at = new Date().toISOString();
  return { id: 's1', this: false, browser: 'firefox', system: 'linux', created_at: at, last_seen_at: at, ends_at: at, ...more };
}

/** A server with these sessions, and what it was asked to end. */
function aServer(sessions: Session[]) {
  const world = { sessions, ended: [] as string[] };
  vi.stubGlobal('fetch', (request: Request) => {
    const { pathname } = new URL(request.url);
    if (request.method === 'GET') {
      return Promise.resolve(new Response(JSON.stringify({ items: world.sessions, next_cursor: null }), { headers: { 'Content-Type': 'application/json' } }));
    }
    world.ended.push(pathname);
    const id = pathname.split('/')[4];
    world.sessions = world.sessions.filter((session) => session.this || (id !== undefined && session.id !== id));
    return Promise.resolve(new Response(null, { status: 204 }));
  });
  return world;
}

const card = async (name: string) => within((await screen.findByRole('heading', { name })).closest('li') ?? document.body);

describe('the browsers in which one is signed in', () => {
  beforeEach(() => {
    queryClient.setQueryData(ME_KEY, aPerson());
  });

  it('are told apart, and the present one has no way out here', async () => {
    aServer([aSession({ this: true }), aSession({ id: 's2', browser: 'safari', system: 'ios' }), aSession({ id: 's3', browser: 'other', system: 'other' })]);
    await show(<SessionsPage />);
    const present = await card('Firefox unter Linux');
    expect(present.getByText('Dieser Browser')).toBeTruthy();
    expect(present.queryByRole('button')).toBeNull();
    expect((await card('Safari auf iPhone oder iPad')).getByRole('button', { name: 'Abmelden: Safari auf iPhone oder iPad' })).toBeTruthy();
    expect(await card('Anderes Programm')).toBeTruthy();
  });

  it('end one by one', async () => {
    const server = aServer([aSession({ this: true }), aSession({ id: 's2', browser: 'edge', system: 'windows' })]);
    await show(<SessionsPage />);
    await userEvent.click((await card('Edge unter Windows')).getByRole('button'));
    await waitFor(() => { expect(screen.queryByRole('heading', { name: 'Edge unter Windows' })).toBeNull(); });
    expect(server.ended).toEqual(['/api/v1/sessions/s2']);
    expect(screen.getByText('Dort ist niemand mehr angemeldet.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Überall sonst abmelden' })).toBeNull();
  });

  it('end all but the present one', async () => {
    const server = aServer([aSession({ this: true }), aSession({ id: 's2', browser: 'edge' }), aSession({ id: 's3', browser: 'chrome' })]);
    await show(<SessionsPage />);
    await userEvent.click(await screen.findByRole('button', { name: 'Überall sonst abmelden' }));
    await waitFor(() => { expect(screen.getAllByRole('listitem').length).toBe(1); });
    expect(server.ended).toEqual(['/api/v1/sessions']);
  });
});
