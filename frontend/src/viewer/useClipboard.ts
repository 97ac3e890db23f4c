import { type RefObject, useEffect, useState } from 'react';
import { clipboardPreference, usePreference } from '~/app/preferences';
import { browserClipboard, ClipboardSync } from './clipboardSync';
import { PasteKey } from './pasteKey';
import type { StickyKeys } from './stickyKeys';

export type Clip = {
  /** What was last copied in the desktop. */
  text: string;
  /** A text of the desktop that waits for a click. */
  offer: string | undefined;
  /** Takes the offered text over. */
  take: () => void;
  dismiss: () => void;
  /** Puts a text on the desktop's clipboard. */
  send: (text: string) => void;
};

type Way = { screen: RefObject<HTMLElement | null>; canType: boolean; paste: (text: string) => void; keys: StickyKeys };

/** The two clipboards of a desktop that is shown here. */
export function useClipboard({ screen, canType, paste, keys }: Way): Clip & { copiedThere: (text: string) => void; wantsPaste: (key: string) => boolean } {
  const [text, setText] = useState('');
  const [offer, setOffer] = useState<string>();
  const choice = usePreference(clipboardPreference);
  const [{ sync, pasteKey, ...acts }] = useState(() => {
    const sync = new ClipboardSync({ choice: clipboardPreference.get, here: browserClipboard, send: paste, offer: setOffer });
    const pasteKey = new PasteKey((text) => { sync.putThere(text); }, keys);
    return {
      sync,
      pasteKey,
      copiedThere: (copied: string) => {
        if (clipboardPreference.get() !== 'off') setText(copied);
        void sync.copiedThere(copied);
      },
      send: (typed: string) => {
        sync.forget();
        sync.putThere(typed);
      },
      dismiss: () => { setOffer(undefined); },
      wantsPaste: (key: string) => pasteKey.begin(key),
    };
  });

  useEffect(() => {
    if (!canType || choice !== 'auto') return undefined;
    // The browser lets only the page that has the focus read; that is also when the user comes back from elsewhere.
    const look = () => { if (document.hasFocus()) void sync.lookHere(); };
    look();
    window.addEventListener('focus', look);
    const stop = pasteKey.watch(screen);
    return () => {
      window.removeEventListener('focus', look);
      stop();
      sync.forget();
    };
  }, [screen, sync, pasteKey, canType, choice]);

  return { ...acts, text, offer, take: () => { if (offer !== undefined) void sync.take(offer); } };
}
