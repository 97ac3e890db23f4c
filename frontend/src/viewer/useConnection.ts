import { useQueryClient } from '@tanstack/react-query';
import { type RefObject, useEffect, useState } from 'react';
import { desktopsQuery, statusQuery } from '~/api/queries';
import { type Clip, useClipboard } from './useClipboard';
import type { Connection, Phase, Settings } from './connection';
import { watchKeyboard } from './keyboard';
import { type Link, NEW_LINK } from './link';
import { StickyKeys } from './stickyKeys';

export type Remote = {
  phase: Phase;
  /** The last picture before the connection was lost. */
  picture: string | undefined;
  link: Link;
  /** The picture is larger than the stage, and can be moved. */
  isClipped: boolean;
  clipboard: Clip;
  keys: StickyKeys;
  focus: () => void;
  retry: () => void;
};

/** What can be said to a desktop, whether its connection is there yet or not. */
class Line {
  #connection: Connection | undefined;
  #settings: Settings | undefined;
  readonly keys = new StickyKeys((key, down) => this.#connection?.send(key, down));

  use(connection: Connection | undefined) {
    this.#connection = connection;
    if (this.#settings) connection?.set(this.#settings);
  }

  set(settings: Settings) {
    this.#settings = settings;
    this.#connection?.set(settings);
  }

  focus = () => this.#connection?.focus();
  retry = () => this.#connection?.retry();
  paste = (text: string) => this.#connection?.paste(text);
  input = () => this.#connection?.input();
}

/** Connects the element behind `screen` to the desktop of that name, as long as the component lives. */
export function useConnection(name: string, screen: RefObject<HTMLElement | null>, settings: Settings): Remote {
  const client = useQueryClient();
  const [line] = useState(() => new Line());
  const [{ phase, picture }, setState] = useState<Pick<Remote, 'phase' | 'picture'>>({
    phase: { kind: 'connecting', again: false },
    picture: undefined,
  });
  const [link, setLink] = useState(NEW_LINK);
  const [isClipped, setClipped] = useState(false);
  const { keys, focus, retry, paste, input } = line;
  const canType = phase.kind === 'connected' && !settings.viewOnly;
  const { wantsPaste, copiedThere, ...clipboard } = useClipboard({ screen, canType, paste, keys });

  useEffect(() => { line.set(settings); }, [line, settings]);

  useEffect(() => {
    const element = screen.current;
    if (!element) return undefined;
    let close = () => {};
    let isGone = false;
    void import('./connection').then(({ Connection, streamUrl }) => {
      if (isGone) return;
      const connection = new Connection(element, streamUrl(name), {
        phase: (phase, picture) => {
          if (phase.kind !== 'connected') keys.forget();
          setState({ phase, picture });
        },
        clipboard: copiedThere,
        link: setLink,
        clipped: setClipped,
        trouble: () => {
          for (const { queryKey } of [desktopsQuery, statusQuery]) void client.invalidateQueries({ queryKey });
        },
      });
      line.use(connection);
      close = () => {
        connection.close();
        line.use(undefined);
      };
    });
    const stop = watchKeyboard(element, { sticky: keys, onInput: input, wantsPaste });
    for (const type of POINTING) element.addEventListener(type, input, { capture: true, passive: true });
    return () => {
      isGone = true;
      stop();
      for (const type of POINTING) element.removeEventListener(type, input, { capture: true });
      close();
    };
  }, [client, name, screen, line, keys, input, copiedThere, wantsPaste]);

  return { phase, picture, link, isClipped, clipboard, keys, focus, retry };
}

const POINTING = ['pointerdown', 'wheel'] as const;
