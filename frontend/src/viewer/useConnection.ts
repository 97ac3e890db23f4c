import { useQueryClient } from '@tanstack/react-query';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { desktopsQuery } from '~/api/queries';
import type { Connection, Phase } from './connection';

export type Remote = {
  phase: Phase;
  /** The last picture before the connection was lost. */
  picture: string | undefined;
  /** What was last copied in the desktop. */
  clipboard: string;
  focus: () => void;
  retry: () => void;
  paste: (text: string) => void;
  ctrlAltDel: () => void;
};

/** Connects the element behind `screen` to the desktop of that name, as long as the component lives. */
export function useConnection(name: string, screen: RefObject<HTMLElement | null>): Remote {
  const client = useQueryClient();
  const connection = useRef<Connection>(undefined);
  const [{ phase, picture }, setState] = useState<Pick<Remote, 'phase' | 'picture'>>({
    phase: { kind: 'connecting', again: false },
    picture: undefined,
  });
  const [clipboard, setClipboard] = useState('');

  useEffect(() => {
    let gone = false;
    void import('./connection').then(({ Connection, streamUrl }) => {
      if (gone || !screen.current) return;
      connection.current = new Connection(screen.current, streamUrl(name), {
        phase: (phase, picture) => { setState({ phase, picture }); },
        clipboard: setClipboard,
        trouble: () => void client.invalidateQueries({ queryKey: desktopsQuery.queryKey }),
      });
    });
    return () => {
      gone = true;
      connection.current?.close();
      connection.current = undefined;
    };
  }, [client, name, screen]);

  const [acts] = useState(() => ({
    focus: () => connection.current?.rfb?.focus({ preventScroll: true }),
    retry: () => connection.current?.retry(),
    paste: (text: string) => connection.current?.rfb?.clipboardPasteFrom(text),
    ctrlAltDel: () => connection.current?.rfb?.sendCtrlAltDel(),
  }));
  return { phase, picture, clipboard, ...acts };
}
