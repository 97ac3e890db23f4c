/**
 * The server's clock, as seen from here. Clocks of school computers are often minutes off, and
 * "stops in 5 minutes" must not be; the `Date` header of any answer tells the difference.
 */
let ahead = 0;

export function readServerClock(response: Response): void {
  const date = Date.parse(response.headers.get('date') ?? '');
  // The header counts whole seconds and has travelled: smaller differences mean nothing.
  if (!Number.isNaN(date) && Math.abs(date - Date.now() - ahead) > 2_000) ahead = date - Date.now();
}

/** Milliseconds since the epoch, by the server's clock. */
export const serverNow = (): number => Date.now() + ahead;
