import type { StateView } from '~/desktop/stateView';
import { useT } from '~/i18n/useT';
import styles from './StatePill.module.css';

/** A state by icon, word and colour. */
export function StatePill({ view: { icon: Icon, label, tone } }: { view: StateView }) {
  const t = useT();
  return (
    <span className={styles.pill} data-tone={tone}>
      <Icon size={16} strokeWidth={2.25} aria-hidden />
      {t(label)}
    </span>
  );
}
