import { cleanup, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queryClient } from '~/api/queryClient';
import { show } from '~/testing/render';
import LoginPage from './LoginPage';

const iserv = { id: 'oidc', name: 'IServ', url: '/auth/login?provider=oidc' };
const district = { id: 'district', name: 'Landkreis', url: '/auth/login?provider=district' };

/** A server with these ways in, at which nobody is signed in. */
function serverHas(local: boolean, providers: (typeof iserv)[]) {
  const answer = ({ url }: Request) =>
    url.endsWith('/auth/methods')
      ? Response.json({ local, oidc: providers.length > 0, providers })
      : Response.json({ code: 'not_signed_in' }, { status: 401, headers: { 'Content-Type': 'application/problem+json' } });
  vi.stubGlobal('fetch', (request: Request) => Promise.resolve(answer(request)));
}

async function open(address: string) {
  window.history.replaceState(null, '', address);
  const left = vi.spyOn(window.location, 'replace').mockImplementation(() => {});
  await show(<LoginPage />);
  return left;
}

describe('the sign-in page', () => {
  beforeEach(() => {
    queryClient.clear();
  });
  afterEach(() => {
    // before the address changes under it
    cleanup();
    vi.restoreAllMocks();
    window.history.replaceState(null, '', '/');
  });

  it('has a button for each provider, by its name, and the form only for local accounts', async () => {
    serverHas(true, [iserv, district]);
    const left = await open('/login?next=%2Fstart%2Fxfce');
    const first = await screen.findByRole('link', { name: 'Mit IServ anmelden' });
    expect(first.getAttribute('href')).toBe('/auth/login?provider=oidc&next=%2Fstart%2Fxfce');
    screen.getByRole('link', { name: 'Mit Landkreis anmelden' });
    screen.getByLabelText('Benutzername');
    expect(left).not.toHaveBeenCalled();
  });

  it('says that signing out has worked, and stays', async () => {
    serverHas(false, [iserv]);
    const left = await open('/login?signed_out');
    await screen.findByRole('link', { name: 'Mit IServ anmelden' });
    expect(screen.getByRole('status').textContent).toContain('Die Abmeldung hat geklappt.');
    expect(screen.queryByLabelText('Benutzername')).toBeNull();
    expect(left).not.toHaveBeenCalled();
  });

  it('goes straight on to the only way in', async () => {
    serverHas(false, [iserv]);
    const left = await open('/login?next=%2Fdesktop%2Fmia-xfce%2F');
    await vi.waitFor(() => {
      expect(left).toHaveBeenCalledExactlyOnceWith('/auth/login?provider=oidc&next=%2Fdesktop%2Fmia-xfce%2F');
    });
  });
});
