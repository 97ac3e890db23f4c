import { createIntl } from 'react-intl';
import { describe, expect, it } from 'vitest';
import type { Address } from '~/app/session';
import { loadMessages } from './messages';

const VALUES = { name: 'Linux', time: '10:12', place: 2, seconds: 5, minutes: 3, ms: 24, rate: '1.2', count: 2, proxy: 'Apache', cron: '0 22 * * *', zone: 'Europe/Berlin', browser: 'edge', system: 'linux', reason: 'Hilfe', rule: 'x', word: 'x', who: 'Alex', desktop: 'mia-linux' };

async function texts(locale: 'de' | 'en', address: Address): Promise<[string, string][]> {
  const messages = await loadMessages(locale);
  const faults: string[] = [];
  const intl = createIntl({ locale, messages, onError: (error) => faults.push(error.message) });
  const all = Object.keys(messages).map((id): [string, string] => [id, intl.formatMessage({ id }, { ...VALUES, address })]);
  expect(faults).toEqual([]);
  return all;
}

// "sie" as the dialog's "they" is not an address: only the capital form is.
const FORMAL = /\b(Sie|Ihnen|Ihre[mnrs]?)\b/;
const FAMILIAR = /\b(du|dich|dir|dein(e[mnrs]?)?)\b/i;

describe('the German texts', () => {
  it('say du to pupils', async () => {
    const formal = (await texts('de', 'du')).filter(([id, text]) => FORMAL.test(text) && id !== 'dashboard.emptyAdmin');
    expect(formal).toEqual([]);
  });

  it('say Sie to staff', async () => {
    expect((await texts('de', 'sie')).filter(([, text]) => FAMILIAR.test(text))).toEqual([]);
  });

  it('address nobody on the sign-in page', async () => {
    const login = (await texts('de', 'neutral')).filter(([id]) => /^(login|unreachable|problem|theme|language)\./.test(id));
    expect(login.filter(([, text]) => FORMAL.test(text) || FAMILIAR.test(text))).toEqual([]);
  });
});

describe('the English texts', () => {
  it('can all be formatted, for everybody', async () => {
    for (const address of ['du', 'sie', 'neutral'] as const) expect((await texts('en', address)).length).toBeGreaterThan(100);
  });
});
