import { beforeEach, describe, expect, it, vi } from 'vitest';
import { keepAlive } from './keepAlive';

describe('the keep-alive', () => {
  const socket = { readyState: WebSocket.OPEN as number, send: vi.fn<(data: Uint8Array) => void>() };
  beforeEach(() => {
    vi.useFakeTimers();
    socket.readyState = WebSocket.OPEN;
    socket.send.mockClear();
  });

  it('is one whole request for a pixel, and no input', () => {
    keepAlive(socket as unknown as WebSocket);
    vi.advanceTimersByTime(25_000);
    const [message] = socket.send.mock.calls[0] ?? [];
    // RFC 6143, 7.5.3: type 3, incremental, x, y, width, height. Types 4 and 5 would be keyboard and pointer.
    expect([...(message ?? [])]).toEqual([3, 1, 0, 0, 0, 0, 0, 1, 0, 1]);
  });

  it('comes more often than the strictest front proxy cuts, and ends with the connection', () => {
    const stop = keepAlive(socket as unknown as WebSocket);
    vi.advanceTimersByTime(60_000);
    expect(socket.send).toHaveBeenCalledTimes(2);
    stop();
    vi.advanceTimersByTime(60_000);
    expect(socket.send).toHaveBeenCalledTimes(2);
  });

  it('says nothing on a socket that is closing', () => {
    keepAlive(socket as unknown as WebSocket);
    socket.readyState = WebSocket.CLOSING;
    vi.advanceTimersByTime(60_000);
    expect(socket.send).not.toHaveBeenCalled();
  });
});
