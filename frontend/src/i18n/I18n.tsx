import { type ReactNode, useEffect, useState } from 'react';
import { I18nProvider } from 'react-aria-components';
import { IntlProvider } from 'react-intl';
import { type Locale, localePreference, usePreference } from '~/app/preferences';
import { addressOf, useMe } from '~/app/session';
import { loadMessages, type Messages } from './messages';
import { AddressContext } from './useT';

/** Dates as they are written here; British rather than American English, for Monday comes first. */
const REGION: Record<Locale, string> = { de: 'de-DE', en: 'en-GB' };

/** Language and form of address for everything inside. Loads the other language when it is chosen. */
export function I18n({ first, children }: { first: { locale: Locale; messages: Messages }; children: ReactNode }) {
  const wanted = usePreference(localePreference);
  const [shown, setShown] = useState(first);
  const address = addressOf(useMe());

  useEffect(() => {
    let current = true;
    void loadMessages(wanted).then((messages) => {
      if (current) setShown({ locale: wanted, messages });
    });
    return () => {
      current = false;
    };
  }, [wanted]);

  useEffect(() => {
    document.documentElement.lang = shown.locale;
  }, [shown.locale]);

  return (
    <IntlProvider locale={REGION[shown.locale]} messages={shown.messages}>
      <I18nProvider locale={REGION[shown.locale]}>
        <AddressContext value={address}>{children}</AddressContext>
      </I18nProvider>
    </IntlProvider>
  );
}
