import type { LucideIcon } from 'lucide-react';
import { Button, type ButtonProps, Tooltip, TooltipTrigger } from 'react-aria-components';
import styles from './Tool.module.css';

/** An icon of the toolbar; its name is read aloud, and shown on hover and focus. */
export function Tool({ icon: Icon, label, first, ...rest }: { icon: LucideIcon; label: string; first?: boolean } & Omit<ButtonProps, 'children' | 'className'>) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <Button {...rest} aria-label={label} className={styles.tool} {...(first && { 'data-first-tool': true })}>
        <Icon size={21} aria-hidden />
      </Button>
      <Tooltip className={styles.hint} offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}
