import { backoff } from '~/live/backoff';

const FIRST_WAIT = 500;
/** A break of less than this is most likely a restarted server or a Wi-Fi that changed its mast: back at once matters. */
const SHORT_BREAK = 10_000;
const LONGEST_WAIT_SOON = 2_000;
const LONGEST_WAIT = 15_000;

/** Milliseconds before try number `attempt` (from 0) of a connection that has been broken for `brokenFor` milliseconds. */
export const waitBefore = (attempt: number, brokenFor: number, random = Math.random): number =>
  backoff(attempt, FIRST_WAIT, brokenFor < SHORT_BREAK ? LONGEST_WAIT_SOON : LONGEST_WAIT, random);

const FIRST_PATIENCE = 5_000;
const LONGEST_PATIENCE = 20_000;

/** How long try number `attempt` may take to shake hands. Where packets are lost a new try is faster than an old one. */
export const patienceOf = (attempt: number): number => Math.min(LONGEST_PATIENCE, FIRST_PATIENCE * 2 ** Math.min(attempt, 10));
