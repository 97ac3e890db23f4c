import { CalendarClock, LogOut, MonitorSmartphone, ShieldCheck, UserSearch } from 'lucide-react';
import type { ReactElement } from 'react';
import { useLocation } from 'wouter';
import type { Me } from '~/api/types';
import { useT } from '~/i18n/useT';
import { Menu, MenuItem, MenuLine } from '~/ui/Menu';
import { LanguageChoice, ThemeChoice } from './LookChoices';
import styles from './UserMenu.module.css';

type UserMenuListProps = { me: Me; name: string; trigger: ReactElement; open: boolean; onSignOut: () => void };

export default function UserMenuList({ me, name, trigger, open, onSignOut }: UserMenuListProps) {
  const t = useT();
  const [, navigate] = useLocation();
  const header = (
    <div className={styles.header}>
      <strong>{name}</strong>
      <span>{[t(ROLES[me.role]), ...me.groups.map((group) => group.name)].join(' · ')}</span>
    </div>
  );
  return (
    <Menu trigger={trigger} open={open} label={t('userMenu.label')} header={header}>
      {me.role === 'admin' && (
        <>
          <MenuItem icon={CalendarClock} onAction={() => { navigate('/schedule'); }}>
            {t('schedule.title')}
          </MenuItem>
          <MenuItem icon={UserSearch} onAction={() => { navigate('/identity'); }}>
            {t('identity.title')}
          </MenuItem>
          <MenuLine />
        </>
      )}
      <MenuItem icon={ShieldCheck} onAction={() => { navigate('/my-data'); }}>
        {t('myData.title')}
      </MenuItem>
      <MenuLine />
      <ThemeChoice />
      <MenuLine />
      <LanguageChoice />
      <MenuLine />
      <MenuItem icon={MonitorSmartphone} onAction={() => { navigate('/sessions'); }}>
        {t('sessions.title')}
      </MenuItem>
      <MenuItem icon={LogOut} onAction={onSignOut}>
        {t('userMenu.signOut')}
      </MenuItem>
    </Menu>
  );
}

const ROLES = { student: 'role.student', teacher: 'role.teacher', admin: 'role.admin' } as const;
