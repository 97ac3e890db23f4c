import type { MessageFormatElement } from 'react-intl';
import type { Locale } from '~/app/preferences';
import type german from './messages/de.json';

/** The name of every text. A name that is not in the catalogue does not compile. */
export type MessageId = keyof typeof german;
export type Messages = Record<string, MessageFormatElement[]>;

const catalogues: Record<Locale, () => Promise<{ default: Messages }>> = {
  de: () => import('virtual:messages/de'),
  en: () => import('virtual:messages/en'),
};

export const loadMessages = async (locale: Locale): Promise<Messages> => (await catalogues[locale]()).default;
