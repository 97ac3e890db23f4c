import { cloneElement, type ReactElement, type ReactNode, Suspense, useState } from 'react';
import type { ButtonProps } from 'react-aria-components';

/**
 * Menus are a fifth of the code and nobody opens one in the first second: they are fetched after the
 * first picture. A click that comes earlier is kept, and the menu opens when it is there: also one that had
 * only just begun when the button gave way to the menu's own.
 */
export function LateMenu({ trigger, children }: { trigger: ReactElement<ButtonProps>; children: (trigger: ReactElement, open: boolean) => ReactNode }) {
  const [asked, setAsked] = useState(false);
  return <Suspense fallback={cloneElement(trigger, { onPressStart: () => { setAsked(true); } })}>{children(trigger, asked)}</Suspense>;
}
