import { beforeEach, describe, expect, it, vi } from 'vitest';
import { onEscapeChord } from './chord';

const FLAGS: Record<string, string> = { Control: 'ctrlKey', Alt: 'altKey', Shift: 'shiftKey' };

describe('Ctrl+Alt+Shift', () => {
  let held: Set<string>;
  let act: ReturnType<typeof vi.fn<() => void>>;
  let desktop: string[];
  let canvas: HTMLElement;

  beforeEach(() => {
    vi.useFakeTimers();
    held = new Set();
    act = vi.fn<() => void>();
    desktop = [];
    const screen = document.createElement('div');
    canvas = screen.appendChild(document.createElement('canvas'));
    document.body.append(screen);
    onEscapeChord(screen, act);
    // As noVNC does: takes each key and lets nobody else have it.
    for (const type of ['keydown', 'keyup'] as const) {
      canvas.addEventListener(type, (event) => {
        desktop.push(`${type.slice(3)} ${event.key}`);
        event.stopPropagation();
      });
    }
  });

  const press = (key: string, type: 'keydown' | 'keyup') => {
    if (key in FLAGS) held[type === 'keydown' ? 'add' : 'delete'](key);
    const flags = Object.fromEntries(Object.entries(FLAGS).map(([name, flag]) => [flag, held.has(name)]));
    canvas.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true, ...flags }));
    vi.runAllTimers();
  };
  const down = (...keys: string[]) => { keys.forEach((key) => { press(key, 'keydown'); }); };
  const up = (...keys: string[]) => { keys.forEach((key) => { press(key, 'keyup'); }); };

  it('leads out when all are released, in any order', () => {
    down('Shift', 'Control', 'Alt');
    up('Alt', 'Shift');
    expect(act).not.toHaveBeenCalled();
    up('Control');
    expect(act).toHaveBeenCalledOnce();
  });

  it('leaves no key pressed in the desktop, and keeps the third from it', () => {
    down('Control', 'Alt', 'Shift');
    up('Shift', 'Alt', 'Control');
    expect(desktop).toEqual(['down Control', 'down Alt', 'up Shift', 'up Alt', 'up Control']);
  });

  it('is a shortcut of the desktop when another key comes with it', () => {
    down('Control', 'Alt', 'Shift', 'r');
    up('r', 'Shift', 'Alt', 'Control');
    expect(act).not.toHaveBeenCalled();
  });

  it('does nothing with only two of the three', () => {
    down('Control', 'Shift');
    up('Shift', 'Control');
    expect(act).not.toHaveBeenCalled();
  });
});
