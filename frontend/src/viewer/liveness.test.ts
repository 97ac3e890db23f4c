import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Liveness, type Need } from './liveness';
import { askForPixel } from './question';

describe('a stream', () => {
  let now: number;
  let stream: Liveness;
  let seen: boolean;
  /** Lets time pass in ticks; tells what was needed, in order. */
  function pass(ms: number, answerTime?: number): Need[] {
    const needs: Need[] = [];
    for (const end = now + ms; now < end; ) {
      now += 500;
      needs.push(stream.tick(now, seen, answerTime));
    }
    return needs.filter((need) => need !== 'nothing');
  }

  beforeEach(() => {
    now = 1_000_000;
    seen = true;
    stream = new Liveness(now);
  });

  it('that nobody uses is asked more often than the strictest front proxy cuts, seen or not', () => {
    for (seen of [true, false]) {
      expect(pass(25_000)).toEqual(['question']);
      stream.heard((now += 20));
    }
  });

  it('is given up when a question stays unanswered', () => {
    expect(pass(25_000)).toEqual(['question']);
    expect(pass(2_500)).toEqual([]);
    expect(pass(500)).toEqual(['reconnect']);
  });

  it('in which input shows no effect is found dead within 4 s', () => {
    stream.input(now);
    expect(pass(500)).toEqual([]);
    stream.input(now);
    expect(pass(500)).toEqual(['question']);
    expect(pass(3_000)).toEqual(['reconnect']);
  });

  it('whose desktop is slow is given more time', () => {
    pass(25_000, 1_000);
    expect(pass(7_500, 1_000)).toEqual([]);
    expect(pass(500, 1_000)).toEqual(['reconnect']);
  });

  it('in which data goes on is never suspected, however much is typed', () => {
    for (let step = 0; step < 100; step += 1) {
      stream.input(now);
      stream.heard(now + 100);
      expect(pass(500)).not.toContain('reconnect');
      stream.heard(now);
    }
  });

  it('is asked at once after sleep, and given up fast', () => {
    now += 3_600_000;
    expect(stream.tick(now, true)).toBe('question');
    expect(pass(1_500)).toEqual(['reconnect']);
  });

  it('is not judged by a question from before the sleep', () => {
    pass(25_000);
    now += 3_600_000;
    expect(stream.tick(now, true)).toBe('question');
  });

  it('of a hidden page, whose timers are slow, is only kept alive', () => {
    seen = false;
    now += 60_000;
    expect(stream.tick(now, false)).toBe('question');
    stream.heard(now + 30);
    now += 20_000;
    expect(stream.tick(now, false)).toBe('nothing');
  });

  it('is asked at once when the network has changed', () => {
    stream.doubt();
    expect(pass(500)).toEqual(['question']);
    expect(pass(1_500)).toEqual(['reconnect']);
  });

  it('in doubt is not believed for what was under way already', () => {
    stream.doubt();
    expect(pass(500)).toEqual(['question']);
    stream.heard((now += 5));
    expect(pass(500)).toEqual(['question']);
    expect(pass(1_500)).toEqual(['reconnect']);
  });

  it('tells how long an answer took, if nothing else could have been the answer', () => {
    stream.input(now);
    pass(25_000);
    stream.doubt();
    pass(500);
    expect(stream.heard(now + 34)).toBe(34);
    stream.doubt();
    stream.tick(now + 40, true);
    expect(stream.heard(now + 50)).toBeUndefined();
    expect(stream.heard(now + 60)).toBeUndefined();
  });

  it('is measured every 5 s while somebody works', () => {
    let questions = 0;
    for (let second = 0; second < 60; second += 1) {
      stream.input(now);
      stream.heard((now += 10));
      questions += pass(990).length;
      stream.heard(now);
    }
    expect(questions).toBeGreaterThanOrEqual(10);
    expect(questions).toBeLessThanOrEqual(13);
  });
});

describe('the question', () => {
  const socket = { readyState: WebSocket.OPEN as number, send: vi.fn<(data: Uint8Array) => void>() };

  it('is one whole request for a pixel that must be answered, and no input', () => {
    askForPixel(socket as unknown as WebSocket);
    const [message] = socket.send.mock.calls[0] ?? [];
    // RFC 6143, 7.5.3: type 3, incremental, x, y, width, height. Types 4 and 5 would be keyboard and pointer.
    expect([...(message ?? [])]).toEqual([3, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
  });

  it('is not put to a socket that is closing', () => {
    socket.send.mockClear();
    socket.readyState = WebSocket.CLOSING;
    askForPixel(socket as unknown as WebSocket);
    expect(socket.send).not.toHaveBeenCalled();
  });
});
