import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '~/api/client';
import { answer, ApiProblem } from '~/api/problem';
import { desktopsQuery } from '~/api/queries';
import type { Desktop } from '~/api/types';
import { heardSince, mark, merge } from '~/live/changes';

export type DesktopAction = 'start' | 'stop' | 'extend' | 'reset' | 'remove';

const CALLS = {
  start: (path) => api.POST('/api/v1/desktops/{id}/start', { params: { path } }),
  stop: (path) => api.POST('/api/v1/desktops/{id}/stop', { params: { path } }),
  extend: (path) => api.POST('/api/v1/desktops/{id}/extend', { params: { path } }),
  reset: (path) => api.POST('/api/v1/desktops/{id}/reset', { params: { path } }),
  remove: (path) => api.DELETE('/api/v1/desktops/{id}', { params: { path } }),
} satisfies Record<DesktopAction, (path: { id: string }) => Promise<unknown>>;

/** What the click will most likely lead to, shown before the server has answered. */
const EXPECTED: Record<DesktopAction, Partial<Desktop>> = {
  start: { state: 'requested', step: null, reason: null, why: '' },
  reset: { state: 'requested', step: null, reason: null, why: '' },
  stop: { state: 'stopping', why: '' },
  remove: { state: 'stopping', why: '' },
  extend: { stops_at: null },
};

/** Does something to a desktop: at once on the page, then on the server, and back again if the server refuses. */
export function useDesktopAction(desktop: Desktop | undefined) {
  const client = useQueryClient();
  const put = (changed: Desktop) => client.setQueryData(desktopsQuery.queryKey, (list) => list && merge(list, changed));

  const mutation = useMutation({
    mutationFn: ({ action, target }: { action: DesktopAction; target: Desktop }) => answer(CALLS[action]({ id: target.id })),
    onMutate: ({ action, target }) => {
      const begun = mark();
      put({ ...target, ...EXPECTED[action] });
      return begun;
    },
    onSuccess: (answered, { target }, begun) => {
      if (!heardSince(begun, target.id)) put(answered);
    },
    onError: (_, { target }, begun) => {
      if (begun !== undefined && !heardSince(begun, target.id)) put(target);
      // Refused, so the picture was old: look again.
      void client.invalidateQueries({ queryKey: desktopsQuery.queryKey });
    },
  });

  return {
    run: (action: DesktopAction) => {
      if (desktop) mutation.mutate({ action, target: desktop });
    },
    pending: mutation.isPending ? mutation.variables.action : undefined,
    problem: mutation.error instanceof ApiProblem ? mutation.error : undefined,
    forgetProblem: mutation.reset,
  };
}
