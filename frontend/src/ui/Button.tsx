import type { LucideIcon } from 'lucide-react';
import { Button as AriaButton, type ButtonProps, Link as AriaLink, type LinkProps } from 'react-aria-components';
import styles from './Button.module.css';

type Look = {
  /** `primary` is the one obvious next action; there is at most one in sight of another. */
  look?: 'primary' | 'secondary' | 'quiet' | 'danger';
  icon?: LucideIcon;
  wide?: boolean;
  children: string;
};

const classOf = ({ look = 'secondary', wide }: Pick<Look, 'look' | 'wide'>) =>
  [styles.button, styles[look], wide && styles.wide].filter(Boolean).join(' ');

const Face = ({ icon: Icon, children }: Pick<Look, 'icon' | 'children'>) => (
  <>
    {Icon && <Icon size={20} aria-hidden />}
    <span>{children}</span>
  </>
);

export function Button({ look, icon, wide, children, ...rest }: Look & Omit<ButtonProps, 'children' | 'className'>) {
  return (
    <AriaButton {...rest} className={classOf({ look, wide })}>
      <Face icon={icon}>{children}</Face>
    </AriaButton>
  );
}

/** Looks like a button because it is the next action; is a link because it leads to a page. */
export function LinkButton({ look, icon, wide, children, ...rest }: Look & Omit<LinkProps, 'children' | 'className'>) {
  return (
    <AriaLink {...rest} className={classOf({ look, wide })}>
      <Face icon={icon}>{children}</Face>
    </AriaLink>
  );
}

/** Only an icon: the label is read aloud and shown as a tooltip. */
export function IconButton({ icon: Icon, label, ...rest }: { icon: LucideIcon; label: string } & Omit<ButtonProps, 'children' | 'className'>) {
  return (
    <AriaButton {...rest} aria-label={label} className={`${styles.button} ${styles.quiet} ${styles.round}`}>
      <Icon size={20} aria-hidden />
    </AriaButton>
  );
}
