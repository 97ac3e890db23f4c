import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PasteKey } from './pasteKey';
import { StickyKeys } from './stickyKeys';

describe('Ctrl+V', () => {
  let done: string[];
  let paste: PasteKey;
  let stop: () => void;
  const screen = document.createElement('div');
  const tell = (target: EventTarget, text: string) => {
    const event = Object.assign(new Event('paste', { bubbles: true, cancelable: true }), { clipboardData: { getData: () => text } });
    target.dispatchEvent(event);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    document.body.append(screen);
    done = [];
    const keys = new StickyKeys(({ keysym }, down) => { if (down) done.push(`key ${String.fromCharCode(keysym)}`); });
    paste = new PasteKey((text) => done.push(`text ${text}`), keys);
    stop = paste.watch({ current: screen });
    return stop;
  });

  it('brings the text, and then the key, as it was pressed', () => {
    expect(paste.begin('V')).toBe(true);
    expect(done).toEqual([]);
    tell(screen, 'ä');
    vi.runAllTimers();
    expect(done).toEqual(['text ä', 'key V']);
  });

  it('is only a key where the browser has nothing to tell', () => {
    paste.begin('v');
    vi.runAllTimers();
    expect(done).toEqual(['key v']);
  });

  it('is the browser’s own in a panel', () => {
    paste.begin('v');
    tell(document.body, 'von woanders');
    expect(done).toEqual([]);
  });

  it('is left to the desktop unless the clipboards are joined', () => {
    stop();
    expect(paste.begin('v')).toBe(false);
    tell(screen, 'geheim');
    vi.runAllTimers();
    expect(done).toEqual([]);
  });
});
