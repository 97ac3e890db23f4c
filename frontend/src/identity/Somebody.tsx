import type { Identity } from '~/api/types';
import { useT } from '~/i18n/useT';
import styles from './IdentityPage.module.css';

/** What Pult would make of somebody, and why. */
export function Somebody({ somebody: { display_name, username, role, because, groups, issuer, subject } }: { somebody: Identity }) {
  const t = useT();
  const facts = [
    ['identity.role', t(ROLES[role])],
    ['identity.why', because ? t('identity.because', { rule: because.rule, word: because.word }) : t('identity.becauseNothing')],
    ['identity.groups', groups.join(', ') || t('identity.noGroups')],
    ['identity.username', username],
    ['identity.known', `${issuer} · ${subject}`],
  ] as const;
  return (
    <div className={styles.somebody}>
      <h2>{display_name || username}</h2>
      <dl>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{t(label)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const ROLES = { student: 'role.student', teacher: 'role.teacher', admin: 'role.admin' } as const;
