/** How well the way to the desktop carries. */
export type Level = 'good' | 'fair' | 'weak';

export type Link = {
  level: Level;
  /** Usual time until the desktop answers, in ms: the way there, its work, and the way back. Unknown at first. */
  answerTime: number | undefined;
  /** What has come in during the last second, in bytes. */
  rate: number;
};

export const NEW_LINK: Link = { level: 'good', answerTime: undefined, rate: 0 };

const REMEMBERED = 5;

/** The last few answer times; the middle one is what is usual. */
export class AnswerTimes {
  #last: number[] = [];

  add(ms: number): void {
    this.#last = [...this.#last, ms].slice(-REMEMBERED);
  }

  get usual(): number | undefined {
    return this.#last.toSorted((a, b) => a - b)[this.#last.length >> 1];
  }
}

/** Below 100 ms an answer seems immediate; above 300 ms one waits for it. */
export const levelOf = (answerTime: number | undefined): Level =>
  answerTime === undefined || answerTime < 100 ? 'good' : answerTime < 300 ? 'fair' : 'weak';

export type QualityChoice = 'auto' | 'sharp' | 'fast';

/** noVNC's scales, 0 to 9: how fine JPEG is, how hard the server compresses. */
export type Encoding = { qualityLevel: number; compressionLevel: number };

const SHARP: Encoding = { qualityLevel: 9, compressionLevel: 2 };
const BALANCED: Encoding = { qualityLevel: 6, compressionLevel: 2 };
const FAST: Encoding = { qualityLevel: 2, compressionLevel: 5 };

/** What to ask of the server. By itself it changes only when the link is clearly weak, and back when it is clearly good. */
export function encodingFor(choice: QualityChoice, level: Level, now: Encoding = BALANCED): Encoding {
  if (choice === 'sharp') return SHARP;
  if (choice === 'fast' || level === 'weak') return FAST;
  return level === 'fair' && now === FAST ? FAST : BALANCED;
}
