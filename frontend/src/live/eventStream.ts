import { commonHeaders, noticeAnswer } from '~/api/client';
import { backoff } from './backoff';
import { type ServerEvent, sseParser } from './sse';

export type StreamState = 'connecting' | 'open' | 'lost';

/** The server sends a comment every 15 s; after three missing ones the connection is dead, whatever TCP believes. */
const SILENCE = 45_000;
/** A hidden page gives its connection back after this: browsers allow six per server over HTTP/1.1, for all tabs together. */
const HIDDEN = 30_000;

/**
 * The one live connection of a page. It is `fetch` and not `EventSource`, because that can neither say
 * which language its sentences should have, nor see a 401, nor notice that the keep-alives stopped.
 */
export function openEventStream(url: string, on: { event: (event: ServerEvent) => void; state: (state: StreamState) => void }): () => void {
  let stopped = false;
  let attempt = 0;
  let lastId: string | undefined;
  let connection: AbortController | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let hiding: ReturnType<typeof setTimeout> | undefined;

  async function connect() {
    clearTimeout(again);
    const mine = (connection = new AbortController());
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const begun = Date.now();
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => { mine.abort(); }, SILENCE);
    };
    try {
      alive();
      // eslint-disable-next-line no-restricted-globals -- the generated client cannot read a stream
      const response = await fetch(url, {
        headers: { ...commonHeaders(), Accept: 'text/event-stream', ...(lastId && { 'Last-Event-ID': lastId }) },
        cache: 'no-store',
        signal: mine.signal,
      });
      noticeAnswer(response);
      if (response.status === 401) stop();
      if (!response.ok || !response.body) throw new Error(`event stream: HTTP ${response.status}`);
      on.state('open');
      const parse = sseParser((event) => {
        lastId = event.id ?? lastId;
        on.event(event);
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        parse(value);
      }
    } catch {
      // Every end of the stream is handled alike, below.
    } finally {
      clearTimeout(watchdog);
    }
    if (stopped || connection !== mine) return;
    on.state('lost');
    if (Date.now() - begun > 15_000) attempt = 0;
    again = setTimeout(() => void connect(), backoff(attempt++, 1_000, 15_000));
  }

  function reconnectNow() {
    if (stopped) return;
    connection?.abort();
    attempt = 0;
    void connect();
  }

  function visibility() {
    clearTimeout(hiding);
    if (document.visibilityState === 'hidden') {
      hiding = setTimeout(() => {
        clearTimeout(again);
        connection?.abort();
        connection = undefined;
      }, HIDDEN);
    } else if (!connection) {
      reconnectNow();
    }
  }

  function stop() {
    stopped = true;
    clearTimeout(again);
    clearTimeout(hiding);
    connection?.abort();
    document.removeEventListener('visibilitychange', visibility);
    window.removeEventListener('online', reconnectNow);
  }

  document.addEventListener('visibilitychange', visibility);
  window.addEventListener('online', reconnectNow);
  void connect();
  return stop;
}
