import { Languages, SunMoon } from 'lucide-react';
import { LanguageChoice, ThemeChoice } from '~/app/LookChoices';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import { Menu } from '~/ui/Menu';
import styles from './LookSwitches.module.css';

/** Language and theme for who is not signed in. */
export default function LookSwitches() {
  const t = useT();
  return (
    <div className={styles.switches}>
      <Menu label={t('language.title')} trigger={<Button look="quiet" icon={Languages}>{t('language.title')}</Button>}>
        <LanguageChoice />
      </Menu>
      <Menu label={t('theme.title')} trigger={<Button look="quiet" icon={SunMoon}>{t('theme.title')}</Button>}>
        <ThemeChoice />
      </Menu>
    </div>
  );
}
