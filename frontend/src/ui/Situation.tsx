import { type ReactNode, useEffect, useRef } from 'react';
import { DeskScene, type Mood } from './DeskScene';
import styles from './Situation.module.css';

/**
 * A page, or part of one, that tells one thing: a drawing, a sentence, what to do next.
 * Takes the focus when it appears as a page, so that a screen reader reads it.
 */
export function Situation({ mood, title, children, actions, focus = true, beside }: {
  mood: Mood;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  focus?: boolean;
  /** Drawing and text side by side where there is room: for what is too long to stand below one another. */
  beside?: boolean;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focus) heading.current?.focus({ preventScroll: true });
  }, [focus, title]);
  return (
    <div className={`${styles.situation} ${beside ? styles.beside : ''}`}>
      <div className={styles.scene}>
        <DeskScene mood={mood} />
      </div>
      <div className={styles.words}>
        <h1 className={styles.title} ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children && <div className={styles.text}>{children}</div>}
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
    </div>
  );
}
