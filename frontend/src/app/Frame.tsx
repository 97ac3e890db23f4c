import type { ReactNode } from 'react';
import { Link } from 'react-aria-components';
import { useT } from '~/i18n/useT';
import { Mark } from '~/ui/Mark';
import { Banners } from './Banners';
import styles from './Frame.module.css';
import { OfflineHint } from './OfflineHint';
import { UserMenu } from './UserMenu';

/** The bar at the top and the page below it. `title` names the tab. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const t = useT();
  return (
    <>
      <title>{`${title} – Pult`}</title>
      <a className={styles.skip} href="#content">
        {t('frame.skip')}
      </a>
      <header className={styles.bar}>
        <Link href="/" className={styles.brand} aria-label={t('frame.home')}>
          <Mark />
          <span className={styles.name}>Pult</span>
        </Link>
        {/* Further areas of the app get their links here, in a <nav>. */}
        <div className={styles.side}>
          <OfflineHint />
          <UserMenu />
        </div>
      </header>
      <Banners />
      <main id="content" className={styles.main} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
