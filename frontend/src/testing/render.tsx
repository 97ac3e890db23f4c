import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { type ReactNode, Suspense } from 'react';
import { queryClient } from '~/api/queryClient';
import type { Locale } from '~/app/preferences';
import { I18n } from '~/i18n/I18n';
import { loadMessages } from '~/i18n/messages';

/** Renders inside what every page has: the cache, a language, a form of address (by who is signed in). */
export async function show(children: ReactNode, locale: Locale = 'de') {
  const messages = await loadMessages(locale);
  const around = (inside: ReactNode) => (
    <QueryClientProvider client={queryClient}>
      <I18n first={{ locale, messages }}>
        <Suspense>{inside}</Suspense>
      </I18n>
    </QueryClientProvider>
  );
  const { rerender } = render(around(children));
  return { change: (inside: ReactNode) => { rerender(around(inside)); } };
}
