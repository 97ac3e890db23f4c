import { Monitor, Moon, Sun } from 'lucide-react';
import { useT } from '~/i18n/useT';
import { MenuChoice } from '~/ui/Menu';
import { localePreference, themePreference, usePreference } from './preferences';

/** Light, dark, or as the device has it. */
export function ThemeChoice() {
  const t = useT();
  return (
    <MenuChoice
      title={t('theme.title')}
      chosen={usePreference(themePreference)}
      onChoose={themePreference.set}
      options={[
        { value: 'system', label: t('theme.system'), icon: Monitor },
        { value: 'light', label: t('theme.light'), icon: Sun },
        { value: 'dark', label: t('theme.dark'), icon: Moon },
      ]}
    />
  );
}

/** Each language is named in itself: who needs it can read it. */
export function LanguageChoice() {
  const t = useT();
  return (
    <MenuChoice
      title={t('language.title')}
      chosen={usePreference(localePreference)}
      onChoose={localePreference.set}
      options={[
        { value: 'de', label: 'Deutsch', lang: 'de' },
        { value: 'en', label: 'English', lang: 'en' },
      ]}
    />
  );
}
