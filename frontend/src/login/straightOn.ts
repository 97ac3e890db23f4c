import type { AuthMethods } from '~/api/types';
import { readInTab, writeInTab } from '~/app/preferences';
import { wayTo } from './ProviderLinks';

const LED_AT = 'pult.ledAt';
/** Whoever is back here sooner was not let in: then a page with words is better than the same way once more. */
const AGAIN_AFTER = 60_000;

/**
 * The provider's address, if there is no other way in and nothing to read here first: then nobody has to press a button
 * to go on where their session ended.
 */
export function straightOn({ local, providers }: AuthMethods, search: URLSearchParams, next: string): string | undefined {
  const [only] = providers;
  if (local || !only || providers.length > 1 || search.has('signed_out')) return undefined;
  return wasLed() ? undefined : wayTo(only, next);
}

function wasLed(): boolean {
  const since = Date.now() - Number(readInTab(LED_AT));
  if (since >= 0 && since < AGAIN_AFTER) return true;
  const now = String(Date.now());
  writeInTab(LED_AT, now);
  // A tab that remembers nothing would go round and round.
  return readInTab(LED_AT) !== now;
}
