import { useEffect, useState } from 'react';
import type { Desktop } from '~/api/types';

/** The other tab asks the server; should that fail, this card goes back to what it was. */
const PATIENCE = 6_000;

/** Shows the start from the click on, until the server says what really happens. */
export function useOpening(desktop: Desktop | undefined): [boolean, (opening: boolean) => void] {
  const [seen, setSeen] = useState<{ desktop: Desktop | undefined }>();
  // The server has spoken: that click is over, also when everything is some day as it was before it.
  if (seen && seen.desktop !== desktop) setSeen(undefined);
  const opening = seen !== undefined && seen.desktop === desktop;
  useEffect(() => {
    if (!opening) return undefined;
    const timer = setTimeout(() => { setSeen(undefined); }, PATIENCE);
    return () => { clearTimeout(timer); };
  }, [opening]);
  return [opening, (on) => { setSeen(on ? { desktop } : undefined); }];
}
