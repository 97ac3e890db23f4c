import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { mark, sinceMark } from '~/live/changes';
import { api, ME_KEY } from './client';
import { answer } from './problem';
import type { Desktop, IdentityProvider, ScheduledJob, Session, Status, Template } from './types';

export const meQuery = queryOptions({
  queryKey: ME_KEY,
  queryFn: ({ signal }) => answer(api.GET('/api/v1/me', { signal })),
});

export const authMethodsQuery = queryOptions({
  queryKey: ['auth-methods'],
  queryFn: ({ signal }) => answer(api.GET('/api/v1/auth/methods', { signal })),
});

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }): Promise<Status> => answer(api.GET('/api/v1/status', { signal })),
});

export const scheduleQuery = queryOptions({
  queryKey: ['schedule'],
  queryFn: async ({ signal }): Promise<ScheduledJob[]> => (await answer(api.GET('/api/v1/schedule', { signal }))).items,
});

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: ({ signal }): Promise<Session[]> =>
    everyPage((cursor) => answer(api.GET('/api/v1/sessions', { signal, params: { query: { limit: 200, cursor } } }))),
});

export const providersQuery = queryOptions({
  queryKey: ['identity-providers'],
  queryFn: async ({ signal }): Promise<IdentityProvider[]> => (await answer(api.GET('/api/v1/identity/providers', { signal }))).items,
});

export const looksQuery = infiniteQueryOptions({
  queryKey: ['looks'],
  queryFn: ({ signal, pageParam }) =>
    answer(api.GET('/api/v1/me/looks', { signal, params: { query: { limit: 50, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
});

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: ({ signal }): Promise<Template[]> =>
    everyPage((cursor) => answer(api.GET('/api/v1/templates', { signal, params: { query: { limit: 200, cursor } } }))),
});

export const desktopsQuery = queryOptions({
  queryKey: ['desktops'],
  queryFn: async ({ signal }): Promise<Desktop[]> => {
    const begun = mark();
    const listed = await everyPage((cursor) =>
      answer(api.GET('/api/v1/desktops', { signal, params: { query: { limit: 200, cursor } } })),
    );
    // An event may have overtaken this answer; what it said is newer than the list.
    return sinceMark(begun, listed);
  },
});

type Page<T> = { items: T[]; next_cursor?: string | null };

async function everyPage<T>(page: (cursor?: string) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const { items, next_cursor } = await page(cursor);
    all.push(...items);
    cursor = next_cursor ?? undefined;
  } while (cursor);
  return all;
}
