import type { ReactNode } from 'react';
import { Dialog, Heading, Popover } from 'react-aria-components';
import styles from './Panel.module.css';

/** A small window below a tool. */
export function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Popover placement="bottom end" containerPadding={8} className={styles.panel} data-scheme="dark">
      <Dialog className={styles.dialog}>
        <Heading slot="title" level={2} className={styles.title}>
          {title}
        </Heading>
        {children}
      </Dialog>
    </Popover>
  );
}
