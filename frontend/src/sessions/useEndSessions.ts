import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '~/api/client';
import { answer, ApiProblem } from '~/api/problem';
import { sessionsQuery } from '~/api/queries';

/** Signs out in another browser, or in all others. */
export function useEndSessions() {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: (id: string | undefined) =>
      answer(id === undefined ? api.DELETE('/api/v1/sessions') : api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  });
  return {
    end: (id: string) => { if (!mutation.isPending) mutation.mutate(id); },
    endOthers: () => { if (!mutation.isPending) mutation.mutate(undefined); },
    ended: mutation.isSuccess,
    problem: mutation.error instanceof ApiProblem ? mutation.error : undefined,
  };
}
