import { useMutation } from '@tanstack/react-query';
import { lazy } from 'react';
import { Button } from 'react-aria-components';
import type { Me } from '~/api/types';
import { useT } from '~/i18n/useT';
import { LateMenu } from '~/ui/LateMenu';
import { signOut, useMe } from './session';
import styles from './UserMenu.module.css';

const UserMenuList = lazy(() => import('./UserMenuList'));

/** Who is signed in; behind it how it should look, in which language, and the way out. */
export function UserMenu() {
  const me = useMe();
  return me ? <OfPerson me={me} /> : null;
}

function OfPerson({ me }: { me: Me }) {
  const t = useT();
  const leave = useMutation({ mutationFn: signOut });
  const name = me.user.display_name || me.user.username;
  const trigger = (
    <Button className={styles.trigger} aria-label={t('userMenu.open', { name })}>
      <span className={styles.avatar} aria-hidden>
        {initials(name)}
      </span>
      <span className={styles.name}>{name}</span>
    </Button>
  );
  return (
    <>
      {leave.isError && (
        <span role="alert" className={styles.alert}>
          {t('userMenu.signOutFailed')}
        </span>
      )}
      <LateMenu trigger={trigger}>
        {(trigger, open) => <UserMenuList me={me} name={name} trigger={trigger} open={open} onSignOut={() => { leave.mutate(); }} />}
      </LateMenu>
    </>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s.]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...(word ?? '')][0]?.toLocaleUpperCase() ?? '').join('');
}
