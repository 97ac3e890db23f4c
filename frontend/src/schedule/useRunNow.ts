import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '~/api/client';
import { answer, ApiProblem } from '~/api/problem';
import { scheduleQuery } from '~/api/queries';

/** Wishes for a run of a job; the list says from then on how it goes. */
export function useRunNow(name: string) {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: () => answer(api.POST('/api/v1/schedule/{name}/run', { params: { path: { name } } })),
    onSuccess: (job) => {
      client.setQueryData(scheduleQuery.queryKey, (jobs) => jobs?.map((one) => (one.name === name ? job : one)));
    },
    onSettled: () => client.invalidateQueries({ queryKey: scheduleQuery.queryKey }),
  });
  return {
    run: () => { mutation.mutate(); },
    pending: mutation.isPending,
    wished: mutation.isSuccess,
    problem: mutation.error instanceof ApiProblem ? mutation.error : undefined,
  };
}
