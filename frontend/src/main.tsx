import './theme/tokens.css';
import './theme/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { currentLocale } from './app/preferences';
import { preloadPage } from './app/pages';
import { forgetTries, reloadAfterUpgrade } from './app/upgrade';
import { watchSession } from './app/session';
import { loadMessages } from './i18n/messages';
import { watchTheme } from './theme/theme';

// A desktop's tab may later show a page from its image: that must not reach the tab it was opened from.
window.opener = null;
reloadAfterUpgrade();
watchTheme();
watchSession();

// All that the first picture needs is fetched side by side.
preloadPage(window.location.pathname);
const locale = currentLocale();
void loadMessages(locale).then((messages) => {
  forgetTries();
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <App first={{ locale, messages }} />
    </StrictMode>,
  );
});
