import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { show } from '~/testing/render';
import { LocalForm } from './LocalForm';

function serverSays(status: number, body: unknown, headers: Record<string, string> = {}) {
  const fetch = vi.fn<(request: Request) => Promise<Response>>(() =>
    Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json', ...headers } })),
  );
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

async function signIn() {
  await show(<LocalForm look="primary" />);
  await userEvent.type(screen.getByLabelText('Benutzername'), ' mia ');
  await userEvent.type(screen.getByLabelText('Passwort'), ' geheim{enter}');
}

describe('signing in', () => {
  it('sends the name without stray blanks and the password as it is', async () => {
    const fetch = serverSays(401, { code: 'credentials_wrong' });
    await signIn();
    await screen.findByText('Benutzername oder Passwort stimmt nicht.');
    const request = fetch.mock.calls[0]?.[0];
    expect(await request?.json()).toEqual({ username: 'mia', password: ' geheim' });
  });

  it('says how long to wait after too many tries, and lets nobody try meanwhile', async () => {
    serverSays(429, { code: 'too_many_attempts' }, { 'Retry-After': '30' });
    await signIn();
    await screen.findByText(/Wieder möglich in (30|31|29) Sekunden/);
    expect(screen.getByRole('button', { name: 'Anmelden' })).toHaveProperty('disabled', true);
  });
});
