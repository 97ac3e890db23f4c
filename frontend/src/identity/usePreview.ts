import { useMutation } from '@tanstack/react-query';
import { api } from '~/api/client';
import { answer, ApiProblem } from '~/api/problem';

type Question = { claims: Record<string, unknown>; provider?: string };

/** Asks the server who somebody would be. */
export function usePreview() {
  const mutation = useMutation({
    // The document says of claims that they are an object, and no more.
    mutationFn: ({ claims, ...rest }: Question) => answer(api.POST('/api/v1/identity/preview', { body: { claims: claims as Record<string, never>, ...rest } })),
  });
  return {
    ask: (question: Question) => { mutation.mutate(question); },
    forget: () => { mutation.reset(); },
    pending: mutation.isPending,
    somebody: mutation.data,
    problem: mutation.error instanceof ApiProblem ? mutation.error : undefined,
  };
}
