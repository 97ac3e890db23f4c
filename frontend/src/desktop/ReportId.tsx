import { useT } from '~/i18n/useT';
import styles from './ReportId.module.css';

/** What to read out to the administrator; one click selects it. */
export function ReportId({ id }: { id: string }) {
  const t = useT();
  return (
    <p className={styles.report}>
      {t('report.id')} <code className={styles.id}>{id}</code>
    </p>
  );
}
