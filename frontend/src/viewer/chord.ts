const MODIFIERS = ['Control', 'Alt', 'Shift'];

/**
 * Ctrl+Alt+Shift pressed and released alone leads from the desktop, which gets all keys, to the toolbar.
 * The third key is kept from the desktop; the act waits for the release, so that no key stays down there.
 */
export function onEscapeChord(element: HTMLElement, act: () => void): () => void {
  let armed = false;

  const down = (event: KeyboardEvent) => {
    const all = event.ctrlKey && event.altKey && event.shiftKey;
    if (all && MODIFIERS.includes(event.key)) {
      armed = true;
      event.stopPropagation();
      event.preventDefault();
    } else {
      armed = false;
    }
  };
  const up = (event: KeyboardEvent) => {
    if (!armed || event.ctrlKey || event.altKey || event.shiftKey) return;
    armed = false;
    act();
  };

  // On the way down to the canvas, before noVNC has it.
  element.addEventListener('keydown', down, { capture: true });
  // After noVNC has seen the release of every key: it stops the event, so listen on the way down and act a turn later.
  const later = (event: KeyboardEvent) => { setTimeout(() => { up(event); }); };
  element.addEventListener('keyup', later, { capture: true });
  return () => {
    element.removeEventListener('keydown', down, { capture: true });
    element.removeEventListener('keyup', later, { capture: true });
  };
}
