import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp, Keyboard, KeyboardOff } from 'lucide-react';
import { type ReactNode, useSyncExternalStore } from 'react';
import { Button, Toolbar } from 'react-aria-components';
import { useT } from '~/i18n/useT';
import styles from './KeyBar.module.css';
import { functionKey, type Key, KEYS, type Modifier } from './keysyms';
import type { StickyKeys } from './stickyKeys';

type KeyBarProps = {
  keys: StickyKeys;
  isDisabled: boolean;
  /** Whether the device's own keyboard is out; undefined where there is none to take out. */
  isTyping: boolean | undefined;
  onType: (isTyping: boolean) => void;
};

/**
 * Keys that a phone does not have, or that a browser or computer takes for itself. Modifiers stay down until the next
 * key. Pressing one never moves the focus: the desktop, or the phone's keyboard, keeps it.
 */
export function KeyBar({ keys, isDisabled, isTyping, onType }: KeyBarProps) {
  const t = useT();
  const held = useSyncExternalStore(keys.subscribe, () => keys.held);

  const modifier = (name: Modifier, label: string, face?: string) => (
    <Cap label={face === undefined ? undefined : label} isDisabled={isDisabled} isHeld={held.has(name)} onPress={() => { keys.toggle(name); }}>
      {face ?? label}
    </Cap>
  );
  const key = (pressed: Key, label: string, face?: ReactNode) => (
    <Cap label={face === undefined ? undefined : label} isDisabled={isDisabled} onPress={() => { keys.press(pressed); }}>
      {face ?? label}
    </Cap>
  );
  const chord = (modifiers: Modifier[], pressed: Key, label: string) => (
    <Cap
      isDisabled={isDisabled}
      onPress={() => {
        keys.release();
        for (const name of modifiers) keys.toggle(name);
        keys.press(pressed);
      }}
    >
      {label}
    </Cap>
  );

  return (
    <Toolbar aria-label={t('keys.title')} className={styles.bar} data-toolbar>
      <div className={styles.row}>
        {isTyping !== undefined && (
          <Cap label={t(isTyping ? 'keys.hideKeyboard' : 'keys.showKeyboard')} isDisabled={isDisabled} onPress={() => { onType(!isTyping); }}>
            {isTyping ? <KeyboardOff size={20} aria-hidden /> : <Keyboard size={20} aria-hidden />}
          </Cap>
        )}
        {key(KEYS.Escape, 'Esc')}
        {key(KEYS.Tab, 'Tab')}
        {modifier('ctrl', t('key.ctrl'))}
        {modifier('alt', t('key.alt'))}
        {modifier('altgr', 'AltGr')}
        {modifier('shift', t('key.shift'), '⇧')}
        {modifier('super', 'Super')}
      </div>
      <div className={styles.row}>
        {key(KEYS.ArrowLeft, t('key.left'), <ArrowLeft size={18} aria-hidden />)}
        {key(KEYS.ArrowUp, t('key.up'), <ArrowUp size={18} aria-hidden />)}
        {key(KEYS.ArrowDown, t('key.down'), <ArrowDown size={18} aria-hidden />)}
        {key(KEYS.ArrowRight, t('key.right'), <ArrowRight size={18} aria-hidden />)}
        {key(KEYS.Delete, t('key.delete'))}
        {key(KEYS.Home, t('key.home'))}
        {key(KEYS.End, t('key.end'))}
        {key(KEYS.PageUp, t('key.pageUp'))}
        {key(KEYS.PageDown, t('key.pageDown'))}
        {chord(['alt'], KEYS.Tab, t('keys.altTab'))}
        {chord(['ctrl', 'alt'], KEYS.Delete, t('keys.ctrlAltDel'))}
      </div>
      <div className={styles.row}>{FUNCTION_KEYS.map((number) => <Cap key={number} isDisabled={isDisabled} onPress={() => { keys.press(functionKey(number)); }}>{`F${number}`}</Cap>)}</div>
    </Toolbar>
  );
}

const FUNCTION_KEYS = Array.from({ length: 12 }, (_, index) => index + 1);

/** One key. `label` is read aloud where its face is a sign; `isHeld` says that it is one that stays down. */
function Cap({ label, isHeld, isDisabled, onPress, children }: { label?: string; isHeld?: boolean; isDisabled: boolean; onPress: () => void; children: ReactNode }) {
  return (
    <Button aria-label={label} aria-pressed={isHeld} isDisabled={isDisabled} preventFocusOnPress className={styles.key} onPress={onPress}>
      {children}
    </Button>
  );
}
