import RFB from '@novnc/novnc';
import { backoff } from '~/live/backoff';
import { keepAlive } from './keepAlive';

export type Phase =
  | { kind: 'connecting'; again: boolean }
  | { kind: 'connected' }
  /** `at`: when the next try is, by this computer's clock; null while the page is hidden or offline. */
  | { kind: 'waiting'; at: number | null }
  /** The desktop wants a password we do not have: its template is wrong, and trying again does not help. */
  | { kind: 'refused' };

type Hooks = {
  /** `picture`: the last one before the connection was lost. */
  phase: (phase: Phase, picture: string | undefined) => void;
  clipboard: (text: string) => void;
  /** After each connection that ended or never came about: the desktop may be in another state by now. */
  trouble: () => void;
};

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** A connection that does not even shake hands in this time is given up. */
const HANDSHAKE = 20_000;

/**
 * One desktop's picture in one element, connected again and again until `close`. A hidden page does not
 * try: a school's forgotten tabs would. It tries at once when it is seen again or the network is back.
 */
export class Connection {
  rfb: RFB | undefined;
  #picture: string | undefined;
  #phase: Phase = { kind: 'connecting', again: false };
  #attempt = 0;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #teardown = () => {};

  constructor(
    private readonly screen: HTMLElement,
    private readonly url: string,
    private readonly hooks: Hooks,
  ) {
    document.addEventListener('visibilitychange', this.#wake);
    window.addEventListener('online', this.#wake);
    this.#connect();
  }

  /** Tries now instead of later. */
  retry = () => {
    if (this.#phase.kind === 'waiting') this.#connect();
  };

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#wake);
    window.removeEventListener('online', this.#wake);
    this.#teardown();
  }

  #wake = () => {
    if (document.visibilityState === 'visible') {
      this.#attempt = 0;
      this.retry();
    }
  };

  #set(phase: Phase) {
    this.#phase = phase;
    this.hooks.phase(phase, this.#picture);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#set({ kind: 'connecting', again: this.#attempt > 0 || this.#picture !== undefined });
    const socket = new WebSocket(this.url);
    const rfb = (this.rfb = new RFB(this.screen, socket, { shared: true }));
    rfb.scaleViewport = true;
    rfb.resizeSession = true;
    rfb.showDotCursor = true;
    rfb.background = 'transparent';

    let stopKeepAlive = () => {};
    let refused = false;
    const handshake = setTimeout(() => { rfb.disconnect(); }, HANDSHAKE);
    this.#teardown = () => {
      clearTimeout(handshake);
      stopKeepAlive();
      rfb.disconnect();
    };

    rfb.addEventListener('connect', () => {
      clearTimeout(handshake);
      this.#attempt = 0;
      stopKeepAlive = keepAlive(socket);
      this.#set({ kind: 'connected' });
    });
    rfb.addEventListener('clipboard', ({ detail }) => { this.hooks.clipboard(detail.text); });
    const refuse = () => {
      refused = true;
      rfb.disconnect();
    };
    rfb.addEventListener('credentialsrequired', refuse);
    rfb.addEventListener('securityfailure', refuse);
    rfb.addEventListener('disconnect', () => {
      clearTimeout(handshake);
      stopKeepAlive();
      this.#teardown = () => {};
      if (this.#closed) return;
      if (this.#phase.kind === 'connected') this.#picture = picture(rfb);
      this.rfb = undefined;
      if (refused) this.#set({ kind: 'refused' });
      else this.#later();
      this.hooks.trouble();
    });
  }

  #later() {
    if (document.visibilityState === 'hidden' || !navigator.onLine) {
      this.#set({ kind: 'waiting', at: null });
      return;
    }
    const wait = backoff(this.#attempt++, FIRST_WAIT * 2, LONGEST_WAIT);
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
