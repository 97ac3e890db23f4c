import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './problem';

// A click is sent again only if the server never answered: what it has refused it would refuse again.
const unanswered = (count: number, error: unknown) => error instanceof ApiProblem && error.status === 0 && count < 2;
const passing = (count: number, error: unknown) => error instanceof ApiProblem && error.passing && count < 2;

/**
 * What the server said last. Nothing goes stale by itself: live/ writes each change into this cache
 * and asks again for whole lists when it may have missed one.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: Infinity, gcTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: passing },
    mutations: { retry: unanswered, retryDelay: 1_000, networkMode: 'always' },
  },
});
