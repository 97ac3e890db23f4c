/** What a stream needs now: nothing, a question that the desktop must answer, or another connection. */
export type Need = 'nothing' | 'question' | 'reconnect';

/** A still desktop says nothing for minutes, and many front proxies cut a connection that is silent for 60 s. */
const KEEP_ALIVE = 25_000;
/** While somebody works, the answer time is measured this often. */
const MEASURE = 5_000;
const WORKING = 60_000;
/** Input that shows no effect for so long is suspicious. */
const NO_EFFECT = 1_000;
/** So long without a message, and the next one is the answer to a question asked now. */
const STILL = 250;
/** A clock that jumps by more is a computer that slept. */
const JUMP = 5_000;

const PATIENCE = 3_000;
/** After what ends connections without a word: sleep, another network. */
const PATIENCE_IN_DOUBT = 1_500;
/** A slow desktop is not a dead one. */
const LONGEST_PATIENCE = 15_000;

/**
 * Decides whether a stream still lives. TCP notices a Wi-Fi that is gone after minutes, if at all; here it is noticed
 * within seconds, by asking for what must be answered. Any message counts as an answer. Times are in milliseconds, by
 * a clock that never goes back.
 */
export class Liveness {
  #heard: number;
  #ticked: number;
  #questioned: number;
  #asked: { at: number; still: boolean } | undefined;
  #input = -Infinity;
  /** The first input that no message followed. */
  #effectless: number | undefined;
  /** So many answers are wanted before it is believed to live: the first may be what was under way already. */
  #doubt = 0;

  constructor(now: number) {
    this.#heard = this.#ticked = this.#questioned = now;
  }

  /** A message came. Says how long the answer took, if it is one whose time can be told. */
  heard(now: number): number | undefined {
    const asked = this.#asked;
    if (asked && this.#doubt > 0) this.#doubt -= 1;
    this.#heard = now;
    this.#asked = this.#effectless = undefined;
    return asked?.still ? now - asked.at : undefined;
  }

  /** Somebody typed or pointed. */
  input(now: number): void {
    this.#input = now;
    this.#effectless ??= now;
  }

  /** Something happened that may have ended the connection without a word. */
  doubt(): void {
    this.#doubt = 2;
    this.#asked = undefined;
  }

  /** To be called about twice a second; `answerTime` is what is usual on this stream. Whoever is told `question` must ask. */
  tick(now: number, isSeen: boolean, answerTime = 0): Need {
    // Timers of hidden pages are slowed down: there a jump means nothing.
    if (isSeen && now - this.#ticked > JUMP) this.doubt();
    this.#ticked = now;
    if (this.#asked) {
      const patience = this.#doubt > 0 ? PATIENCE_IN_DOUBT : Math.min(LONGEST_PATIENCE, Math.max(PATIENCE, 8 * answerTime));
      return now - this.#asked.at >= patience ? 'reconnect' : 'nothing';
    }
    if (!this.#isDue(now, isSeen)) return 'nothing';
    this.#questioned = now;
    this.#asked = { at: now, still: now - this.#heard >= STILL };
    return 'question';
  }

  #isDue(now: number, isSeen: boolean): boolean {
    const since = now - this.#questioned;
    if (this.#doubt > 0 || since >= KEEP_ALIVE) return true;
    if (!isSeen) return false;
    if (this.#effectless !== undefined && now - this.#effectless >= NO_EFFECT) return true;
    return since >= MEASURE && now - this.#input < WORKING && now - this.#heard >= STILL;
  }
}
