import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { desktopsQuery, statusQuery, templatesQuery } from '~/api/queries';
import { serverNow } from '~/api/serverClock';
import type { Desktop, Notice, Status } from '~/api/types';
import { usePreference, localePreference } from '~/app/preferences';
import { merge, note } from './changes';
import { openEventStream, type StreamState } from './eventStream';
import type { ServerEvent } from './sse';

let state: StreamState = 'connecting';
const watchers = new Set<() => void>();
const setState = (next: StreamState) => {
  state = next;
  watchers.forEach((tell) => { tell(); });
};

/** Whether this page hears of changes at the moment. */
export const useStreamState = (): StreamState =>
  useSyncExternalStore((tell) => (watchers.add(tell), () => watchers.delete(tell)), () => state);

/** Writes one event into the cache. */
export function applyEvent(client: QueryClient, { event, data }: Pick<ServerEvent, 'event' | 'data'>): void {
  if (event === 'desktop') {
    const desktop = JSON.parse(data) as Desktop;
    note(desktop);
    client.setQueryData(desktopsQuery.queryKey, (list) => list && merge(list, desktop));
  } else if (event === 'notice') {
    const { code } = JSON.parse(data) as Notice;
    if (code === 'engine_unreachable') setEngine(client, false);
    else if (code === 'engine_back') setEngine(client, true);
  }
}

function setEngine(client: QueryClient, reachable: boolean) {
  client.setQueryData(statusQuery.queryKey, (status: Status | undefined) => {
    if (!status || status.engine.reachable === reachable) return status;
    const at = new Date(serverNow()).toISOString();
    return { ...status, engine: { reachable, since: at, checked_at: at, message: null } };
  });
}

/** Keeps the cache true while a signed-in page is open. Mount it once. */
export function useLive(): void {
  const client = useQueryClient();
  // Sentences come in the language of the connection: another language is another connection.
  const locale = usePreference(localePreference);
  useEffect(
    () =>
      openEventStream('/api/v1/events', {
        event: (event) => { applyEvent(client, event); },
        state: (next) => {
          setState(next);
          // Between the lists and the stream something may have changed: ask once more, now that nothing is missed.
          if (next === 'open') {
            for (const { queryKey } of [desktopsQuery, templatesQuery, statusQuery]) void client.invalidateQueries({ queryKey });
          }
        },
      }),
    [client, locale],
  );
}
