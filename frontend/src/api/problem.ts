import type { Problem } from './types';

/** The server never answered: it is down, or the network is. */
export const UNREACHABLE = 'unreachable';

/** What of a problem+json document really came; a front proxy's error page has none of it. */
type Sent = Partial<Problem> & { request_id?: string };

/** Every failed call ends as one of these, so a page decides by `code` and shows `detail`. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  /** A sentence for the user, in the user's language; empty if the server sent none. */
  readonly detail: string;
  readonly requestId: string | undefined;
  /** From `Retry-After`, in seconds. */
  readonly retryAfter: number | undefined;

  constructor(problem: Sent, status: number, retryAfter?: number) {
    super(problem.title ?? `HTTP ${status}`);
    this.name = 'ApiProblem';
    this.code = problem.code ?? (status === 0 ? UNREACHABLE : `http_${status}`);
    this.status = status;
    this.detail = problem.detail ?? '';
    this.requestId = problem.request_id;
    this.retryAfter = retryAfter;
  }

  /** Worth another try without the user: the fault is not in the request. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

type Outcome<T> = { data?: T; error?: unknown; response: Response };

/** The body of a successful answer; everything else is thrown as an `ApiProblem`. */
export async function answer<T>(call: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>;
  try {
    outcome = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiProblem({}, 0);
  }
  const { data, error, response } = outcome;
  if (response.ok) return data as T;
  const retryAfter = Number(response.headers.get('retry-after'));
  const problem = typeof error === 'object' && error !== null ? (error as Sent) : {};
  throw new ApiProblem(problem, response.status, retryAfter > 0 ? retryAfter : undefined);
}
