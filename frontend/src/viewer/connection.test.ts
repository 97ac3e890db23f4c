import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, type Phase } from './connection';

/** noVNC as the connection sees it; the test plays the server. */
class Rfb extends EventTarget {
  static made: Rfb[] = [];
  constructor() {
    super();
    Rfb.made.push(this);
  }
  say = (type: string) => this.dispatchEvent(new CustomEvent(type, { detail: { clean: false, types: [] } }));
  disconnect = () => { this.say('disconnect'); };
  toDataURL = () => 'data:image/jpeg;base64,last';
}
vi.mock('@novnc/novnc', () => ({ default: class { constructor() { return new Rfb(); } } }));

function visibility(state: DocumentVisibilityState) {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('the connection to a desktop', () => {
  let phases: Phase[];
  let pictures: (string | undefined)[];
  let trouble: ReturnType<typeof vi.fn<() => void>>;
  let connection: Connection;
  const last = () => Rfb.made.at(-1)!;
  const phase = () => phases.at(-1)?.kind;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', class { static readonly OPEN = 1; readyState = 1; send = vi.fn(); });
    Rfb.made = [];
    phases = [];
    pictures = [];
    trouble = vi.fn<() => void>();
    visibility('visible');
    connection = new Connection(document.createElement('div'), 'ws://school/desktop/a/websockify', {
      phase: (phase, picture) => {
        phases.push(phase);
        pictures.push(picture);
      },
      clipboard: () => {},
      trouble,
    });
    return () => { connection.close(); };
  });

  it('comes back by itself within a second, and keeps the last picture meanwhile', () => {
    last().say('connect');
    last().say('disconnect');
    expect(phase()).toBe('waiting');
    expect(pictures.at(-1)).toBe('data:image/jpeg;base64,last');
    expect(trouble).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1_000);
    expect(phases.at(-1)).toEqual({ kind: 'connecting', again: true });
    last().say('connect');
    expect(phase()).toBe('connected');
  });

  it('waits longer and longer, but never more than 15 s, and tries at once when asked', () => {
    const waits: number[] = [];
    for (let tries = 0; tries < 10; tries += 1) {
      last().say('disconnect');
      const { at } = phases.at(-1) as { at: number };
      waits.push(at - Date.now());
      vi.advanceTimersByTime(at - Date.now());
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
    expect(waits.at(-1)).toBeGreaterThan(7_000);
    last().say('disconnect');
    connection.retry();
    expect(phase()).toBe('connecting');
  });

  it('rests while nobody looks, and wakes with the page', () => {
    visibility('hidden');
    last().say('disconnect');
    expect(phases.at(-1)).toEqual({ kind: 'waiting', at: null });
    vi.advanceTimersByTime(3_600_000);
    expect(Rfb.made).toHaveLength(1);
    visibility('visible');
    expect(phase()).toBe('connecting');
  });

  it('gives up a handshake that leads nowhere', () => {
    vi.advanceTimersByTime(20_000);
    expect(phase()).toBe('waiting');
  });

  it('does not knock again at a door that asks for a password', () => {
    last().say('credentialsrequired');
    vi.advanceTimersByTime(3_600_000);
    expect(phase()).toBe('refused');
    expect(Rfb.made).toHaveLength(1);
  });

  it('is silent once closed', () => {
    last().say('connect');
    const before = phases.length;
    connection.close();
    vi.advanceTimersByTime(60_000);
    window.dispatchEvent(new Event('online'));
    expect(phases).toHaveLength(before);
    expect(Rfb.made).toHaveLength(1);
  });
});
