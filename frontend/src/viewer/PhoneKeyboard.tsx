import { type KeyboardEvent, type RefObject, useRef } from 'react';
import { useT } from '~/i18n/useT';
import { KEYS } from './keysyms';
import styles from './PhoneKeyboard.module.css';
import type { StickyKeys } from './stickyKeys';
import { editBetween } from './textDiff';

/** Something to erase: a phone tells of Backspace only by what it does to a text. */
const FILL = '_'.repeat(64);
/** Grown to this, the text begins anew, so that the phone does not correct what was typed long ago. */
const FULL = 256;

/**
 * The field that a phone's keyboard types into. Nobody sees it; what happens to its text happens in the desktop, be
 * it typed, composed, completed or corrected.
 */
export function PhoneKeyboard({ field, keys, onClose }: { field: RefObject<HTMLTextAreaElement | null>; keys: StickyKeys; onClose: () => void }) {
  const t = useT();
  const before = useRef(FILL);

  const begin = (element: HTMLTextAreaElement) => {
    element.value = before.current = FILL;
    element.setSelectionRange(FILL.length, FILL.length);
  };
  const follow = (element: HTMLTextAreaElement, isComposing: boolean) => {
    const { erase, insert } = editBetween(before.current, element.value);
    before.current = element.value;
    for (let count = 0; count < erase; count += 1) keys.press(KEYS.Backspace);
    keys.type(insert);
    const isSpent = element.value.length > FULL || element.value.length < FILL.length / 2 || insert.endsWith('\n');
    if (isSpent && !isComposing) begin(element);
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const key = (KEYS as Partial<Record<string, (typeof KEYS)[keyof typeof KEYS]>>)[event.key];
    // What the phone composes is seen in the text. Backspace is, too, and there with words that are corrected.
    if (!key || event.nativeEvent.isComposing || event.key === 'Backspace') return;
    event.preventDefault();
    keys.press(key);
  };

  return (
    <textarea
      ref={field}
      className={styles.field}
      aria-label={t('keys.field')}
      tabIndex={-1}
      rows={1}
      autoCapitalize="off"
      autoComplete="off"
      autoCorrect="off"
      spellCheck={false}
      onFocus={({ currentTarget }) => { begin(currentTarget); }}
      onBlur={onClose}
      onKeyDown={press}
      onInput={({ currentTarget, nativeEvent }) => { follow(currentTarget, nativeEvent.isComposing); }}
      onCompositionEnd={({ currentTarget }) => { follow(currentTarget, false); }}
    />
  );
}
