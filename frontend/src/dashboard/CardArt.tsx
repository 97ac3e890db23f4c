import { createElement } from 'react';
import type { StateView } from '~/desktop/stateView';
import { templateIcon } from '~/desktop/templateIcons';
import styles from './CardArt.module.css';

/** The template's sign on a screen, which is lit while the desktop runs. */
export function CardArt({ icon, tone }: { icon: string | null; tone: StateView['tone'] }) {
  return (
    <div className={styles.art} data-tone={tone} aria-hidden>
      <div className={styles.screen}>
        {createElement(templateIcon(icon), { size: 44, strokeWidth: 1.75 })}
      </div>
      <div className={styles.foot} />
      <div className={styles.desk} />
    </div>
  );
}
