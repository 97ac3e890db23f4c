import { describe, expect, it } from 'vitest';
import { DeadKeys } from './deadKeys';

const CIRCUMFLEX = { key: 'Dead', code: 'Backquote' };
const ACUTE = { key: 'Dead', code: 'Equal' };
const GRAVE = { key: 'Dead', code: 'Equal', shiftKey: true };
const press = (key: string, code = '') => ({ key, code });

describe('a dead key', () => {
  /** What is typed in the end: as rewritten, or as the browser said. */
  function typed(...presses: { key: string; code: string; shiftKey?: boolean; ctrlKey?: boolean }[]): string {
    const keys = new DeadKeys();
    return presses
      .map((one) => {
        const text = keys.press({ shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...one });
        return text ?? (one.key.length === 1 ? one.key : '');
      })
      .join('');
  }

  it('joins the bare letter that some browsers say next', () => {
    expect(typed(CIRCUMFLEX, press('e'))).toBe('ê');
    expect(typed(ACUTE, press('e'))).toBe('é');
    expect(typed(GRAVE, press('A'))).toBe('À');
  });

  it('leaves the joined letter that others say', () => {
    expect(typed(CIRCUMFLEX, press('ê'))).toBe('ê');
    expect(typed(GRAVE, press('ù'))).toBe('ù');
  });

  it('is its own sign before a space, and twice', () => {
    expect(typed(CIRCUMFLEX, press(' '))).toBe('^');
    expect(typed(CIRCUMFLEX, press('^'))).toBe('^');
    expect(typed(GRAVE, press('Shift'), press(' '))).toBe('`');
    expect(typed(ACUTE, ACUTE)).toBe('´');
  });

  it('stands before what it cannot join, as one key or two', () => {
    expect(typed(CIRCUMFLEX, press('x'))).toBe('^x');
    expect(typed(CIRCUMFLEX, press('^x'))).toBe('^x');
  });

  it('may follow another', () => {
    expect(typed(ACUTE, GRAVE, press('e'))).toBe('´è');
  });

  it('is taken back by keys that type nothing, and by shortcuts', () => {
    expect(typed(CIRCUMFLEX, press('Backspace'), press('e'))).toBe('e');
    expect(typed(CIRCUMFLEX, { ...press('c'), ctrlKey: true }, press('e'))).toBe('ce');
  });

  it('survives the Shift of a capital letter', () => {
    expect(typed(CIRCUMFLEX, press('Shift'), press('E'))).toBe('Ê');
  });

  it('is unknown on other places, and then types nothing', () => {
    expect(typed(press('Dead', 'IntlRo'), press('e'))).toBe('e');
  });
});
