import createClient, { type Middleware } from 'openapi-fetch';
import { currentLocale } from '~/app/preferences';
import { queryClient } from './queryClient';
import type { paths } from './schema';
import { readServerClock } from './serverClock';
import type { Me } from './types';

export const ME_KEY = ['me'] as const;

let onSignedOut = () => {};
/** What to do when any call finds that nobody is signed in (any more). */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

/** Headers every request carries, also those that bypass the generated client (the event stream). */
export const commonHeaders = () => ({ 'Accept-Language': currentLocale() });

export function noticeAnswer(response: Response): void {
  readServerClock(response);
  if (response.status === 401) onSignedOut();
}

const session: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(commonHeaders())) request.headers.set(name, value);
    if (request.method !== 'GET') {
      const token = queryClient.getQueryData<Me>(ME_KEY)?.csrf_token;
      if (token) request.headers.set('X-CSRF-Token', token);
    }
  },
  onResponse({ response }) {
    noticeAnswer(response);
  },
};

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  // eslint-disable-next-line no-restricted-globals -- this is the generated client; looked up at each call, so that tests can play the server
  fetch: (request) => fetch(request),
});
api.use(session);
