import { beforeEach, describe, expect, it, vi } from 'vitest';
import { whenSignedOut } from '~/api/client';
import { openEventStream, type StreamState } from './eventStream';
import type { ServerEvent } from './sse';

/** A server of one endpoint, whose streams the test writes to, ends, or lets fall silent. */
class Server {
  calls: { headers: Record<string, string>; signal: AbortSignal }[] = [];
  status = 200;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  fetch = (_: string, { headers, signal }: { headers: Record<string, string>; signal: AbortSignal }) => {
    this.calls.push({ headers, signal });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
        signal.addEventListener('abort', () => { controller.error(new DOMException('aborted', 'AbortError')); });
      },
    });
    return Promise.resolve(new Response(this.status === 200 ? body : null, { status: this.status }));
  };

  write = (text: string) => this.#stream?.enqueue(new TextEncoder().encode(text));
  end = () => this.#stream?.close();
}

function visibility(state: DocumentVisibilityState) {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('the event stream', () => {
  let server: Server;
  let events: ServerEvent[];
  let states: StreamState[];
  const open = () => openEventStream('/api/v1/events', { event: (event) => events.push(event), state: (state) => states.push(state) });
  const wait = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

  beforeEach(() => {
    vi.useFakeTimers();
    server = new Server();
    events = [];
    states = [];
    vi.stubGlobal('fetch', server.fetch);
  });

  it('asks in the language of the user and hands events on', async () => {
    const close = open();
    await wait(0);
    server.write('event: desktop\nid: 5\ndata: {}\n\n');
    await wait(0);
    expect(server.calls[0]?.headers).toMatchObject({ 'Accept-Language': 'de', Accept: 'text/event-stream' });
    expect(events).toEqual([{ event: 'desktop', data: '{}', id: '5' }]);
    expect(states).toEqual(['open']);
    close();
  });

  it('comes back after an end, from where it was', async () => {
    const close = open();
    await wait(0);
    server.write('id: 5\ndata: {}\n\n');
    server.end();
    await wait(1_000);
    expect(states).toEqual(['open', 'lost', 'open']);
    expect(server.calls[1]?.headers).toMatchObject({ 'Last-Event-ID': '5' });
    close();
  });

  it('takes a stream for dead when even the keep-alives stop', async () => {
    const close = open();
    await wait(40_000);
    server.write(': keep-alive\n\n');
    await wait(40_000);
    expect(states).toEqual(['open']);
    await wait(6_000);
    expect(states).toContain('lost');
    close();
  });

  it('gives the connection back while nobody looks, and is there again at once', async () => {
    const close = open();
    await wait(0);
    visibility('hidden');
    await wait(31_000);
    expect(server.calls[0]?.signal.aborted).toBe(true);
    await wait(600_000);
    expect(server.calls).toHaveLength(1);
    visibility('visible');
    await wait(0);
    expect(server.calls).toHaveLength(2);
    close();
  });

  it('stops when nobody is signed in any more', async () => {
    const signedOut = vi.fn();
    whenSignedOut(signedOut);
    server.status = 401;
    open();
    await wait(60_000);
    expect(signedOut).toHaveBeenCalledOnce();
    expect(server.calls).toHaveLength(1);
  });

  it('waits longer and longer for a server that is away', async () => {
    server.status = 503;
    const close = open();
    await wait(60_000);
    expect(server.calls.length).toBeGreaterThan(4);
    expect(server.calls.length).toBeLessThan(14);
    close();
  });
});
