import { useQuery } from '@tanstack/react-query';
import { navigate } from 'wouter/use-browser-location';
import { api, ME_KEY, whenSignedOut } from '~/api/client';
import { answer } from '~/api/problem';
import { meQuery } from '~/api/queries';
import { queryClient } from '~/api/queryClient';
import type { Me } from '~/api/types';
import { forgetChanges } from '~/live/changes';
import { loginAddress } from './next';
import { write } from './preferences';

/** Who is signed in, once that is known. */
export const useMe = (): Me | undefined => useQuery({ ...meQuery, enabled: false }).data;

/** Teachers and admins are addressed formally, pupils are not; nobody knows who stands before the sign-in page. */
export type Address = 'du' | 'sie' | 'neutral';
export function addressOf(me: Me | undefined): Address {
  if (!me) return 'neutral';
  return me.role === 'student' ? 'du' : 'sie';
}

/** The name for a greeting: pupils by their first name, as in class. */
export function greetedAs(me: Me | undefined): string {
  const name = me?.user.display_name ?? '';
  const surnameFirst = name.includes(',');
  return addressOf(me) === 'du' && !surnameFirst ? (name.split(' ')[0] ?? name) : name;
}

function forgetPerson() {
  void queryClient.cancelQueries();
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== ME_KEY[0] });
  // Reset and not removed: the language and the sign-in page go on watching who is there.
  queryClient.getQueryCache().find({ queryKey: ME_KEY })?.reset();
  forgetChanges();
}

const SIGNED_OUT = 'pult.signedOut';

/** From now on a 401 anywhere, or signing out in another tab, leads to the sign-in page, and from there back. */
export function watchSession(): void {
  const leave = (login: string) => {
    if (window.location.pathname === '/login') return;
    forgetPerson();
    navigate(login, { replace: true });
  };
  whenSignedOut(() => { leave(loginAddress()); });
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === SIGNED_OUT && newValue !== null) leave('/login?signed_out');
  });
}

export async function signIn(username: string, password: string): Promise<void> {
  await answer(api.POST('/api/v1/login', { body: { username, password } }));
  forgetPerson();
  queryClient.setQueryData(ME_KEY, await answer(api.GET('/api/v1/me')));
}

/** Tells other tabs of this browser that nobody is signed in any more. */
export function tellSignedOut(): void {
  write(SIGNED_OUT, String(Date.now()));
}

export async function signOut(): Promise<void> {
  const provider = queryClient.getQueryData<Me>(ME_KEY)?.provider;
  if (provider) {
    // Here and at the provider, on whose page or on ours it ends: on a shared computer the next one must not be in already.
    window.location.assign(provider.sign_out_url);
    return;
  }
  await answer(api.POST('/api/v1/logout'));
  tellSignedOut();
  forgetPerson();
  navigate('/login');
}
