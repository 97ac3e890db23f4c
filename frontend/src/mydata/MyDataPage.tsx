import { Download } from 'lucide-react';
import { Frame } from '~/app/Frame';
import { useT } from '~/i18n/useT';
import { LinkButton } from '~/ui/Button';
import page from '~/ui/Page.module.css';
import { LooksList } from './LooksList';
import styles from './MyDataPage.module.css';

/** What Pult knows of who is signed in: who looked at their desktops, all of it as a file, and how long it is kept. */
export default function MyDataPage() {
  const t = useT();
  return (
    <Frame title={t('myData.title')}>
      <div className={page.page}>
        <h1 className={page.title}>{t('myData.title')}</h1>
        <p className={page.lead}>{t('myData.lead')}</p>
        <section className={styles.section} aria-labelledby="looks">
          <h2 id="looks">{t('looks.title')}</h2>
          <p>{t('looks.lead')}</p>
          <LooksList />
        </section>
        <section className={styles.section} aria-labelledby="export">
          <h2 id="export">{t('myData.exportTitle')}</h2>
          <p>{t('myData.exportText')}</p>
          <LinkButton look="primary" icon={Download} href="/api/v1/me/export" download="pult-personal-data.json">
            {t('myData.export')}
          </LinkButton>
        </section>
        <section className={styles.section} aria-labelledby="kept">
          <h2 id="kept">{t('myData.keptTitle')}</h2>
          <dl className={styles.kept}>
            {KEPT.map(([what, howLong]) => (
              <div key={what}>
                <dt>{t(what)}</dt>
                <dd>{t(howLong)}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Frame>
  );
}

/** As docs/data-protection.md has it in full. */
const KEPT = [
  ['kept.account', 'kept.accountFor'],
  ['kept.desktops', 'kept.desktopsFor'],
  ['kept.files', 'kept.filesFor'],
  ['kept.sessions', 'kept.sessionsFor'],
  ['kept.log', 'kept.logFor'],
] as const;
