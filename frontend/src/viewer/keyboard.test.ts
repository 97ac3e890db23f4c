import { beforeEach, describe, expect, it, vi } from 'vitest';
import { watchKeyboard } from './keyboard';
import { StickyKeys } from './stickyKeys';

describe('the keyboard', () => {
  let desktop: string[];
  let canvas: HTMLElement;
  let sticky: StickyKeys;
  let wantsPaste: boolean;
  const onInput = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    desktop = [];
    wantsPaste = false;
    onInput.mockClear();
    const screen = document.createElement('div');
    canvas = screen.appendChild(document.createElement('canvas'));
    document.body.append(screen);
    sticky = new StickyKeys((key, down) => desktop.push(`${down ? '+' : '-'}${key.code}`));
    watchKeyboard(screen, { sticky, onInput, wantsPaste: () => wantsPaste });
    // As noVNC does: takes each key, and sends the character of what is down.
    for (const type of ['keydown', 'keyup'] as const) {
      canvas.addEventListener(type, (event) => {
        desktop.push(type === 'keydown' ? `+${event.key}` : `-${event.code}`);
        event.stopPropagation();
        event.preventDefault();
      });
    }
  });

  const key = (type: 'keydown' | 'keyup', key: string, code: string, more: KeyboardEventInit = {}) => {
    const event = new KeyboardEvent(type, { key, code, bubbles: true, cancelable: true, ...more });
    canvas.dispatchEvent(event);
    return event;
  };
  const strike = (name: string, code: string, more?: KeyboardEventInit) => {
    key('keydown', name, code, more);
    key('keyup', name, code, more);
    vi.runAllTimers();
  };

  it('goes to the desktop as it is', () => {
    strike('@', 'KeyQ', { modifierAltGraph: true });
    expect(desktop).toEqual(['+@', '-KeyQ']);
    expect(onInput).toHaveBeenCalledOnce();
  });

  it('joins accents that the browser leaves apart, and releases what it pressed', () => {
    strike('Dead', 'Backquote');
    strike('e', 'KeyE');
    expect(desktop).toEqual(['-Backquote', '+ê', '-KeyE']);
  });

  it('types both where they do not join', () => {
    strike('Dead', 'Backquote');
    strike('x', 'KeyX');
    expect(desktop).toEqual(['-Backquote', '+^', '+x', '-KeyX']);
  });

  it('gets modifiers of the screen for one key', () => {
    sticky.toggle('altgr');
    strike('q', 'KeyQ');
    strike('q', 'KeyQ');
    expect(desktop).toEqual(['+AltRight', '+@', '-KeyQ', '-AltRight', '+q', '-KeyQ']);
  });

  it('does not give them up for a modifier', () => {
    sticky.toggle('ctrl');
    strike('Shift', 'ShiftLeft');
    expect([...sticky.held]).toEqual(['ctrl']);
  });

  it('leaves no key down when the desktop loses the focus', () => {
    sticky.toggle('alt');
    key('keydown', 'Control', 'ControlLeft', { ctrlKey: true });
    key('keydown', 'c', 'KeyC', { ctrlKey: true });
    desktop = [];
    canvas.dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
    expect(desktop).toEqual(['-ControlLeft', '-KeyC', '-AltLeft']);
    canvas.dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
    expect(desktop).toHaveLength(3);
  });

  it('lets the browser have Ctrl+V when its clipboard is wanted, and only then', () => {
    expect(key('keydown', 'v', 'KeyV', { ctrlKey: true }).defaultPrevented).toBe(true);
    wantsPaste = true;
    desktop = [];
    expect(key('keydown', 'v', 'KeyV', { ctrlKey: true }).defaultPrevented).toBe(false);
    expect(desktop).toEqual([]);
    expect(key('keydown', 'v', 'KeyV').defaultPrevented).toBe(true);
  });
});
