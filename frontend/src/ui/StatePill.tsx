import type { LucideIcon } from 'lucide-react';
import type { MessageId } from '~/i18n/messages';
import { useT } from '~/i18n/useT';
import styles from './StatePill.module.css';

export type StateLook = { tone: 'live' | 'busy' | 'idle' | 'bad'; icon: LucideIcon; label: MessageId };

/** A state by icon, word and colour. */
export function StatePill({ view: { icon: Icon, label, tone } }: { view: StateLook }) {
  const t = useT();
  return (
    <span className={styles.pill} data-tone={tone}>
      <Icon size={16} strokeWidth={2.25} aria-hidden />
      {t(label)}
    </span>
  );
}
