import RFB from '@novnc/novnc';
import type { Key } from './keysyms';
import { AnswerTimes, type Encoding, encodingFor, levelOf, type Link, NEW_LINK, type QualityChoice } from './link';
import { Liveness } from './liveness';
import { askForPixel } from './question';
import { patienceOf, waitBefore } from './reconnect';

export type Phase =
  | { kind: 'connecting'; again: boolean }
  | { kind: 'connected' }
  /** `at`: when the next try is, by this computer's clock; null while the page is hidden or offline. */
  | { kind: 'waiting'; at: number | null }
  /** The desktop wants a password we do not have: its template is wrong, and trying again does not help. */
  | { kind: 'refused' };

/** `window`: the desktop takes the size of the stage; `scale`: its picture does; `actual`: neither. */
export type Size = 'window' | 'scale' | 'actual';

export type Settings = {
  size: Size;
  quality: QualityChoice;
  viewOnly: boolean;
  /** Fingers and mouse move the picture, where it is larger than the stage. */
  pan: boolean;
  /** A phone's keyboard covers part of the stage, for now. */
  isCovered: boolean;
};

type Hooks = {
  /** `picture`: the last one before the connection was lost. */
  phase: (phase: Phase, picture: string | undefined) => void;
  clipboard: (text: string) => void;
  link: (link: Link) => void;
  /** Whether the picture is larger than the stage and can be moved. */
  clipped: (isClipped: boolean) => void;
  /** After each connection that ended or never came about: the desktop may be in another state by now. */
  trouble: () => void;
};

const TICK = 500;
/** Narrower stages (in CSS pixels) do not shrink the desktop: its windows would not fit. */
const NARROW = 640;

/**
 * One desktop's picture in one element, connected again and again until `close`. A hidden page does not
 * try: a school's forgotten tabs would. It tries at once when it is seen again or the network is back.
 */
export class Connection {
  #rfb: RFB | undefined;
  #live: Liveness | undefined;
  #tick = () => {};
  #picture: string | undefined;
  #phase: Phase = { kind: 'connecting', again: false };
  #attempt = 0;
  #brokenSince = performance.now();
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end = () => {};
  #encoding: Encoding | undefined;
  #link = NEW_LINK;
  #settings: Settings = { size: 'window', quality: 'auto', viewOnly: false, pan: false, isCovered: false };
  readonly #sizes: ResizeObserver;

  constructor(
    private readonly screen: HTMLElement,
    private readonly url: string,
    private readonly hooks: Hooks,
  ) {
    document.addEventListener('visibilitychange', this.#wake);
    window.addEventListener('online', this.#wake);
    window.addEventListener('offline', this.#doubt);
    this.#sizes = new ResizeObserver(() => { this.#apply(); });
    this.#sizes.observe(screen);
    this.#connect();
  }

  /** Tries now instead of later. */
  retry = () => {
    if (this.#phase.kind === 'waiting') this.#connect();
  };

  set(settings: Settings) {
    this.#settings = settings;
    this.#apply();
  }

  focus() {
    this.#rfb?.focus({ preventScroll: true });
  }

  send({ keysym, code }: Key, down: boolean) {
    this.#rfb?.sendKey(keysym, code, down);
  }

  paste(text: string) {
    this.#rfb?.clipboardPasteFrom(text);
  }

  /** Somebody typed or pointed: something should come of it. */
  input() {
    this.#live?.input(performance.now());
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#wake);
    window.removeEventListener('online', this.#wake);
    window.removeEventListener('offline', this.#doubt);
    this.#sizes.disconnect();
    this.#end();
  }

  #wake = ({ type }: Event) => {
    if (document.visibilityState !== 'visible') return;
    this.#attempt = 0;
    if (this.#phase.kind === 'connected') this.#doubt();
    else if (this.#phase.kind === 'waiting') this.#connect();
    // A handshake begun without a network hangs long after the network is back.
    else if (this.#phase.kind === 'connecting' && type === 'online') this.#end();
  };

  #doubt = () => {
    this.#live?.doubt();
    this.#tick();
  };

  #set(phase: Phase) {
    this.#phase = phase;
    this.hooks.phase(phase, this.#picture);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#set({ kind: 'connecting', again: this.#attempt > 0 || this.#picture !== undefined });
    const socket = new WebSocket(this.url);
    const rfb = (this.#rfb = new RFB(this.screen, socket, { shared: true }));
    rfb.showDotCursor = true;
    rfb.background = 'transparent';
    this.#encoding = undefined;
    this.#apply();

    let stopWatching = () => {};
    let isOver = false;
    /** Once, whoever ends it: noVNC alone would wait seconds for a dead peer to say goodbye. */
    const end = (next: () => void, disconnect = true) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(handshake);
      stopWatching();
      if (this.#phase.kind === 'connected') {
        this.#picture = picture(rfb);
        this.#brokenSince = performance.now();
      }
      this.#rfb = undefined;
      this.#end = () => {};
      if (disconnect) rfb.disconnect();
      if (this.#closed) return;
      next();
      this.hooks.trouble();
    };
    const lost = () => { end(() => { this.#later(); }); };
    const refused = () => { end(() => { this.#set({ kind: 'refused' }); }); };
    const handshake = setTimeout(lost, patienceOf(this.#attempt));
    this.#end = lost;

    rfb.addEventListener('connect', () => {
      if (isOver) return;
      clearTimeout(handshake);
      this.#attempt = 0;
      stopWatching = this.#watch(socket, lost);
      this.#set({ kind: 'connected' });
    });
    rfb.addEventListener('clipboard', ({ detail }) => { this.hooks.clipboard(detail.text); });
    rfb.addEventListener('clippingviewport', ({ detail }) => { this.hooks.clipped(detail); });
    rfb.addEventListener('credentialsrequired', refused);
    rfb.addEventListener('securityfailure', refused);
    rfb.addEventListener('disconnect', () => { end(() => { this.#later(); }, false); });
  }

  /** Sees what comes in, keeps the stream alive, measures it, and calls `lost` if it is dead. */
  #watch(socket: WebSocket, lost: () => void): () => void {
    const live = (this.#live = new Liveness(performance.now()));
    const times = new AnswerTimes();
    let bytes = 0;
    let told = performance.now();
    this.#tell(NEW_LINK);

    const hear = ({ data }: MessageEvent<ArrayBuffer>) => {
      bytes += data.byteLength;
      const answerTime = live.heard(performance.now());
      if (answerTime !== undefined) times.add(answerTime);
    };
    this.#tick = () => {
      const now = performance.now();
      const need = live.tick(now, document.visibilityState === 'visible', times.usual);
      if (need === 'reconnect') lost();
      else if (need === 'question') askForPixel(socket);
      if (now - told < 1_000) return;
      const rate = Math.round((bytes * 1_000) / (now - told));
      bytes = 0;
      told = now;
      this.#tell({ level: levelOf(times.usual), answerTime: times.usual, rate });
    };
    socket.addEventListener('message', hear);
    const timer = setInterval(() => { this.#tick(); }, TICK);
    return () => {
      clearInterval(timer);
      socket.removeEventListener('message', hear);
      this.#live = undefined;
      this.#tick = () => {};
    };
  }

  #tell(link: Link) {
    this.#link = link;
    this.#applyQuality();
    this.hooks.link(link);
  }

  #apply() {
    const rfb = this.#rfb;
    if (!rfb) return;
    const { size, viewOnly, pan, isCovered } = this.#settings;
    rfb.scaleViewport = size !== 'actual';
    // A finger has no use for scroll bars: it moves the picture itself.
    rfb.clipViewport = size === 'actual' && matchMedia('(pointer: coarse)').matches;
    rfb.dragViewport = rfb.clipViewport && pan;
    // With a phone's keyboard open, a tap on the picture must not close it.
    rfb.focusOnClick = !isCovered;
    // Also asks for the size of now: noVNC misses a change that meets an answer of the server.
    rfb.resizeSession = size === 'window' && !isCovered && this.screen.clientWidth >= NARROW;
    if (rfb.viewOnly !== viewOnly) rfb.viewOnly = viewOnly;
    this.#applyQuality();
  }

  #applyQuality() {
    const encoding = encodingFor(this.#settings.quality, this.#link.level, this.#encoding);
    if (!this.#rfb || encoding === this.#encoding) return;
    this.#encoding = encoding;
    Object.assign(this.#rfb, encoding);
  }

  #later() {
    if (document.visibilityState === 'hidden' || !navigator.onLine) {
      this.#set({ kind: 'waiting', at: null });
      return;
    }
    const wait = waitBefore(this.#attempt++, performance.now() - this.#brokenSince);
    this.#set({ kind: 'waiting', at: Date.now() + wait });
    this.#timer = setTimeout(() => { this.#connect(); }, wait);
  }
}

function picture(rfb: RFB): string | undefined {
  try {
    return rfb.toDataURL('image/jpeg', 0.5);
  } catch {
    return undefined;
  }
}

/** The stream's address on this page's own host. */
export const streamUrl = (name: string): string =>
  `${window.location.protocol === 'https:' ? 'wss' : 'ws'}://${window.location.host}/desktop/${encodeURIComponent(name)}/websockify`;
