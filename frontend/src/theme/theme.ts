import { themePreference } from '~/app/preferences';

/** Follows the chosen theme for as long as the page lives. public/boot.js has set the first one before the first paint. */
export function watchTheme(): void {
  const apply = () => {
    const theme = themePreference.get();
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  apply();
  themePreference.subscribe(apply);
}
