/** Pages one may be sent to after signing in. Anything else, above all another host, leads home. */
const OWN_PAGES = [/^\/$/, /^\/start\/[^/]+$/, /^\/desktop\/[^/]+\/$/, /^\/enter\/[a-z0-9]+$/];

/** The place named by `?next=`, if it is a page of ours, else the dashboard. */
export function safeNext(next: string | null): string {
  // A second slash, a backslash or a control character makes some parsers see a host where others see a path.
  if (!next?.startsWith('/') || /[\\\s\p{Cc}]|\/\//u.test(next)) return '/';
  const url = new URL(next, window.location.origin);
  const own = url.origin === window.location.origin && OWN_PAGES.some((page) => page.test(url.pathname));
  return own ? url.pathname + url.search : '/';
}

/** The address of the sign-in page that leads back to where the user is now. */
export function loginAddress({ pathname, search }: Pick<Location, 'pathname' | 'search'> = window.location): string {
  const next = safeNext(pathname + search);
  return next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`;
}
