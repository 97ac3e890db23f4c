import styles from './Mark.module.css';

/** Pult's sign: a screen on a desk. */
export const Mark = ({ size = 32 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden className={styles.mark}>
    <rect className={styles.screen} x="7" y="3" width="18" height="12" rx="3" />
    <circle className={styles.eye} cx="13" cy="8.6" r="1.4" />
    <circle className={styles.eye} cx="19" cy="8.6" r="1.4" />
    <path className={styles.screen} d="M14.8 15h2.4v4h-2.4z" />
    <rect className={styles.desk} x="2" y="18" width="28" height="4" rx="2" />
    <path className={styles.legs} d="M6 22h3.4L8.6 29H6.2zM26 22h-3.4l.8 7h2.4z" />
  </svg>
);
