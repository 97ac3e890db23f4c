import { QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ME_KEY } from '~/api/client';
import { desktopsQuery } from '~/api/queries';
import { queryClient } from '~/api/queryClient';
import { applyEvent } from '~/live/useLive';
import { aDesktop, aPerson } from '~/testing/desktop';
import { useDesktopAction } from './useDesktopAction';

const running = aDesktop();
const state = () => queryClient.getQueryData(desktopsQuery.queryKey)?.[0]?.state;

/** The server answers when the test says so; asked for the list, it tells the truth. */
function aServer() {
  let reply: (response: Response) => void = () => {};
  const requests: Request[] = [];
  const json = (body: unknown, status: number) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
  vi.stubGlobal('fetch', (request: Request) => {
    requests.push(request);
    if (request.method === 'GET') return Promise.resolve(json({ items: [running], next_cursor: null }, 200));
    return new Promise<Response>((resolve) => {
      reply = resolve;
    });
  });
  return { requests, reply: (body: unknown, status: number) => act(async () => {
    reply(json(body, status));
    await Promise.resolve();
  }) };
}

describe('stopping a desktop', () => {
  let server: ReturnType<typeof aServer>;
  beforeEach(() => {
    server = aServer();
    queryClient.setQueryData(desktopsQuery.queryKey, [running]);
    queryClient.setQueryData(ME_KEY, aPerson());
  });

  const stop = () => {
    const hook = renderHook(() => useDesktopAction(running), {
      wrapper: ({ children }) => <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>,
    });
    act(() => { hook.result.current.run('stop'); });
    return hook.result;
  };

  it('shows at once, before the server has answered', async () => {
    stop();
    await waitFor(() => { expect(state()).toBe('stopping'); });
    expect(server.requests[0]?.url).toMatch(/\/api\/v1\/desktops\/d1\/stop$/);
    expect(server.requests[0]?.headers.get('X-CSRF-Token')).toBe('token-of-mia');
  });

  it('takes the answer of the server', async () => {
    stop();
    await waitFor(() => { expect(state()).toBe('stopping'); });
    await server.reply({ ...running, state: 'stopped' }, 202);
    await waitFor(() => { expect(state()).toBe('stopped'); });
  });

  it('does not let an answer overwrite an event that came first', async () => {
    stop();
    await waitFor(() => { expect(state()).toBe('stopping'); });
    applyEvent(queryClient, { event: 'desktop', data: JSON.stringify({ ...running, state: 'stopped' }) });
    await server.reply({ ...running, state: 'stopping' }, 202);
    await waitFor(() => { expect(queryClient.isMutating()).toBe(0); });
    expect(state()).toBe('stopped');
  });

  it('takes the picture back when the server refuses, and keeps the reason', async () => {
    const result = stop();
    await waitFor(() => { expect(state()).toBe('stopping'); });
    await server.reply({ code: 'conflict', title: 'x', detail: 'Er hält schon an.', status: 409, request_id: 'r1' }, 409);
    await waitFor(() => { expect(state()).toBe('running'); });
    expect(result.current.problem).toMatchObject({ code: 'conflict', detail: 'Er hält schon an.', requestId: 'r1' });
  });
});
