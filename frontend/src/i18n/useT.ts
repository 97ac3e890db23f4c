import { createContext, use, useMemo } from 'react';
import { useIntl } from 'react-intl';
import type { Address } from '~/app/session';
import type { MessageId } from './messages';

export const AddressContext = createContext<Address>('neutral');

export type Values = Record<string, string | number>;
export type Translate = (id: MessageId, values?: Values) => string;

/** The text of that name. Messages may choose by `{address, select, du {…} sie {…} other {…}}`; nobody has to pass it. */
export function useT(): Translate {
  const intl = useIntl();
  const address = use(AddressContext);
  return useMemo(() => (id, values) => intl.formatMessage({ id }, { ...values, address }), [intl, address]);
}
