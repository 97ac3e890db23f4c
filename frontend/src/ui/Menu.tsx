import { Check, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import {
  Header,
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  Separator,
  Text,
} from 'react-aria-components';
import styles from './Menu.module.css';

/** A menu that opens from `trigger`; focus returns there when it closes. */
export function Menu({ trigger, label, header, open, children }: {
  trigger: ReactElement;
  label: string;
  header?: ReactNode;
  /** Open from the beginning: the click came before this code did (see LateMenu). */
  open?: boolean;
  children: ReactNode;
}) {
  return (
    <MenuTrigger defaultOpen={open}>
      {trigger}
      <Popover placement="bottom end" className={styles.popover} containerPadding={8}>
        {header}
        <AriaMenu aria-label={label} className={styles.menu}>
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export function MenuItem({ icon: Icon, danger, onAction, children }: { icon: LucideIcon; danger?: boolean; onAction: () => void; children: string }) {
  return (
    <AriaMenuItem className={`${styles.item} ${danger ? styles.danger : ''}`} onAction={onAction} textValue={children}>
      <Icon size={18} aria-hidden />
      <Text slot="label">{children}</Text>
    </AriaMenuItem>
  );
}

/** One choice out of few, made right in the menu. */
export function MenuChoice<T extends string>({ title, options, chosen, onChoose }: {
  title: string;
  options: readonly { value: T; label: string; icon?: LucideIcon; lang?: string }[];
  chosen: T;
  onChoose: (value: T) => void;
}) {
  return (
    <MenuSection
      className={styles.section}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[chosen]}
      onSelectionChange={(keys) => {
        const [key] = keys === 'all' ? [] : [...keys];
        const option = options.find(({ value }) => value === key);
        if (option) onChoose(option.value);
      }}
    >
      <Header className={styles.header}>{title}</Header>
      {options.map(({ value, label, icon: Icon, lang }) => (
        <AriaMenuItem key={value} id={value} className={styles.item} textValue={label}>
          {Icon && <Icon size={18} aria-hidden />}
          <Text slot="label" lang={lang}>
            {label}
          </Text>
          <Check size={18} aria-hidden className={styles.tick} />
        </AriaMenuItem>
      ))}
    </MenuSection>
  );
}

export const MenuLine = () => <Separator className={styles.line} />;
