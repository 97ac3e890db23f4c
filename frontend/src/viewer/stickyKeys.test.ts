import { beforeEach, describe, expect, it, vi } from 'vitest';
import { functionKey, KEYS, keyOf, type Key } from './keysyms';
import { StickyKeys } from './stickyKeys';

describe('a character', () => {
  it.each([
    ['a', 0x61], ['ä', 0xe4], ['ß', 0xdf], ['€', 0x010020ac], ['ẞ', 0x01001e9e], ['漢', 0x01006f22], ['😀', 0x0101f600], ['\n', 0xff0d], ['\t', 0xff09],
  ])('%j is the keysym %i', (character, keysym) => {
    expect(keyOf(character)?.keysym).toBe(keysym);
  });

  it('that controls something is no key', () => {
    expect(keyOf('\u0007')).toBeUndefined();
    expect(keyOf('\u0090')).toBeUndefined();
  });
});

describe('sticky keys', () => {
  let sent: string[];
  let keys: StickyKeys;
  const name = ({ keysym, code }: Key) => code || String.fromCodePoint(keysym & 0xffffff);
  beforeEach(() => {
    sent = [];
    keys = new StickyKeys((key, down) => sent.push(`${down ? '+' : '-'}${name(key)}`));
  });

  it('are down from the tap, and up after the next key', () => {
    keys.toggle('ctrl');
    expect([...keys.held]).toEqual(['ctrl']);
    keys.toggle('alt');
    keys.press(KEYS.Delete);
    expect(sent).toEqual(['+ControlLeft', '+AltLeft', '+Delete', '-Delete', '-AltLeft', '-ControlLeft']);
    expect(keys.held.size).toBe(0);
  });

  it('are up after a second tap, which is how Super alone is pressed', () => {
    keys.toggle('super');
    keys.toggle('super');
    expect(sent).toEqual(['+MetaLeft', '-MetaLeft']);
  });

  it('hold for one character only', () => {
    keys.toggle('ctrl');
    keys.type('cd');
    expect(sent).toEqual(['+ControlLeft', '+c', '-c', '-ControlLeft', '+d', '-d']);
  });

  it('make of a character what a German keyboard makes of it', () => {
    const typed = (modifier: 'altgr' | 'shift', character: string) => {
      sent = [];
      keys.toggle(modifier);
      keys.type(character);
      return sent[1];
    };
    expect([...'qe7890ß+<m23'].map((character) => typed('altgr', character)?.slice(1)).join('')).toBe('@€{[]}\\~|µ²³');
    expect([...'aäß'].map((character) => typed('shift', character)?.slice(1)).join('')).toBe('AÄẞ');
  });

  it('leave nothing down when the desktop is left, nor in a new connection', () => {
    keys.toggle('shift');
    keys.release();
    keys.release();
    expect(sent).toEqual(['+ShiftLeft', '-ShiftLeft']);
    keys.toggle('shift');
    keys.forget();
    expect(sent).toHaveLength(3);
    expect(keys.held.size).toBe(0);
  });

  it('tell when they change', () => {
    const tell = vi.fn();
    const stop = keys.subscribe(tell);
    keys.toggle('alt');
    keys.press(functionKey(4));
    expect(tell).toHaveBeenCalledTimes(2);
    expect(sent[1]).toBe('+F4');
    stop();
    keys.toggle('alt');
    expect(tell).toHaveBeenCalledTimes(2);
  });
});
