import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { desktopsQuery } from '~/api/queries';
import { serverNow } from '~/api/serverClock';
import type { Desktop } from '~/api/types';
import { useNow } from '~/app/useNow';
import { minutesLeft } from './minutesLeft';

export type StopsSoon = {
  minutes: number;
  /** What to say where nothing puts it off: what is open has to be saved. */
  fixed: 'stopsSoon.fixed' | 'stopsSoon.nightly' | undefined;
};

/** How often the server is asked again while a stop is near: what somebody types comes as no event. */
const ASK_EVERY = 10_000;

/** That a desktop stops soon, once the server has confirmed it: by what the page knew it may have been unused, and is not. */
export function useStopsSoon(desktop: Desktop): StopsSoon | undefined {
  const client = useQueryClient();
  const { id } = desktop;
  const minutes = minutesLeft(desktop, useNow('second'));
  const isNear = desktop.state === 'running' && minutes !== undefined;
  const [isConfirmed, setConfirmed] = useState(false);

  useEffect(() => {
    if (!isNear) return undefined;
    let isOver = false;
    const ask = async () => {
      await client.invalidateQueries({ queryKey: desktopsQuery.queryKey });
      // The page gets to see the answer a moment later.
      const known = client.getQueryData(desktopsQuery.queryKey)?.find((one) => one.id === id);
      if (!isOver) setConfirmed(!known || minutesLeft(known, serverNow()) !== undefined);
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_EVERY);
    return () => {
      isOver = true;
      clearInterval(timer);
      setConfirmed(false);
    };
  }, [isNear, client, id]);

  return isNear && isConfirmed ? { minutes, fixed: saidOf(desktop.stops_for) } : undefined;
}

function saidOf(limit: Desktop['stops_for']): StopsSoon['fixed'] {
  if (limit === 'nightly') return 'stopsSoon.nightly';
  return limit === 'lifetime' ? 'stopsSoon.fixed' : undefined;
}
