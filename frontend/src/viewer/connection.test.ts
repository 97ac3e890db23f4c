import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, type Phase, type Settings } from './connection';
import type { Link } from './link';

/** noVNC as the connection sees it; the test plays the server. */
class Rfb extends EventTarget {
  static made: Rfb[] = [];
  constructor(readonly socket: Socket) {
    super();
    Rfb.made.push(this);
  }
  say = (type: string) => this.dispatchEvent(new CustomEvent(type, { detail: { clean: false, types: [] } }));
  disconnect = vi.fn();
  toDataURL = () => 'data:image/jpeg;base64,last';
}
vi.mock('@novnc/novnc', () => ({ default: class { constructor(_: HTMLElement, socket: Socket) { return new Rfb(socket); } } }));

class Socket extends EventTarget {
  static readonly OPEN = 1;
  readyState = 1;
  send = vi.fn<(data: Uint8Array) => void>();
  hear = (bytes = 16) => { this.dispatchEvent(new MessageEvent('message', { data: new ArrayBuffer(bytes) })); };
}

const SETTINGS: Settings = { size: 'window', quality: 'auto', viewOnly: false, pan: false, isCovered: false };

function visibility(state: DocumentVisibilityState) {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('the connection to a desktop', () => {
  let phases: Phase[];
  let pictures: (string | undefined)[];
  let links: Link[];
  let trouble: ReturnType<typeof vi.fn<() => void>>;
  let connection: Connection;
  let screen: HTMLElement;
  const last = () => Rfb.made.at(-1)!;
  const phase = () => phases.at(-1)?.kind;
  const questions = () => last().socket.send.mock.calls.length;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', Socket);
    Rfb.made = [];
    phases = [];
    pictures = [];
    links = [];
    trouble = vi.fn<() => void>();
    visibility('visible');
    screen = document.createElement('div');
    Object.defineProperty(screen, 'clientWidth', { value: 1280, configurable: true });
    const hooks = {
      phase: (phase: Phase, picture: string | undefined) => {
        phases.push(phase);
        pictures.push(picture);
      },
      clipboard: () => {},
      clipped: () => {},
      link: (link: Link) => links.push(link),
      trouble,
    };
    connection = new Connection(screen, 'ws://school/desktop/a/websockify', hooks);
    return () => { connection.close(); };
  });

  it('comes back by itself within half a second, and keeps the last picture meanwhile', () => {
    last().say('connect');
    last().say('disconnect');
    expect(phase()).toBe('waiting');
    expect(pictures.at(-1)).toBe('data:image/jpeg;base64,last');
    expect(trouble).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(500);
    expect(phases.at(-1)).toEqual({ kind: 'connecting', again: true });
    last().say('connect');
    expect(phase()).toBe('connected');
  });

  it('waits longer and longer, but never more than 15 s, and tries at once when asked', () => {
    const waits: number[] = [];
    for (let tries = 0; tries < 14; tries += 1) {
      last().say('disconnect');
      const { at } = phases.at(-1) as { at: number };
      waits.push(at - Date.now());
      vi.advanceTimersByTime(at - Date.now());
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(250);
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
    vi.advanceTimersByTime(5_000);
    expect(phase()).toBe('waiting');
    expect(last().disconnect).toHaveBeenCalledOnce();
  });

  it('begins a handshake anew when the network is back', () => {
    window.dispatchEvent(new Event('online'));
    expect(phase()).toBe('waiting');
    vi.advanceTimersByTime(500);
    expect(Rfb.made).toHaveLength(2);
  });

  it('leaves a stream that is dead without waiting for its goodbye', () => {
    last().say('connect');
    connection.input();
    vi.advanceTimersByTime(1_000);
    expect(questions()).toBe(1);
    vi.advanceTimersByTime(3_000);
    expect(phase()).toBe('waiting');
    expect(pictures.at(-1)).toBeDefined();
    vi.advanceTimersByTime(500);
    expect(Rfb.made).toHaveLength(2);
    // its late goodbye means nothing any more
    Rfb.made[0]?.say('disconnect');
    expect(phase()).toBe('connecting');
  });

  it('asks at once when the page is seen again, and stays if there is an answer', () => {
    last().say('connect');
    visibility('hidden');
    visibility('visible');
    last().socket.send.mockImplementation(() => { setTimeout(last().socket.hear, 20); });
    expect(questions()).toBe(1);
    last().socket.hear();
    vi.advanceTimersByTime(60_000);
    expect(phase()).toBe('connected');
  });

  it('tells what comes in, and how fast the desktop answers', () => {
    last().say('connect');
    vi.advanceTimersByTime(25_000);
    vi.advanceTimersByTime(40);
    last().socket.hear(2_000);
    vi.advanceTimersByTime(1_000);
    expect(links.find(({ rate }) => rate > 0)).toMatchObject({ level: 'good', rate: 2_000 });
    expect(links.at(-1)?.answerTime).toBe(40);
  });

  it('shows the desktop as it was chosen, also in the next connection', () => {
    expect(last()).toMatchObject({ scaleViewport: true, resizeSession: true, qualityLevel: 6 });
    connection.set({ ...SETTINGS, size: 'actual', quality: 'sharp', viewOnly: true });
    const chosen = { scaleViewport: false, resizeSession: false, qualityLevel: 9, viewOnly: true };
    expect(last()).toMatchObject(chosen);
    last().say('disconnect');
    connection.retry();
    expect(Rfb.made).toHaveLength(2);
    expect(last()).toMatchObject(chosen);
  });

  it('does not shrink the desktop to a phone, nor to what a phone’s keyboard leaves', () => {
    connection.set({ ...SETTINGS, isCovered: true });
    expect(last()).toMatchObject({ scaleViewport: true, resizeSession: false, focusOnClick: false });
    Object.defineProperty(screen, 'clientWidth', { value: 360 });
    connection.set(SETTINGS);
    expect(last()).toMatchObject({ scaleViewport: true, resizeSession: false, focusOnClick: true });
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
