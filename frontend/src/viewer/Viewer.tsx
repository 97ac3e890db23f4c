import { useEffect, useRef } from 'react';
import type { Desktop } from '~/api/types';
import { useNow } from '~/app/useNow';
import { useT } from '~/i18n/useT';
import { onEscapeChord } from './chord';
import { ConnectionNotice } from './ConnectionNotice';
import { minutesLeft } from './minutesLeft';
import { StopsSoon } from './StopsSoon';
import { Toolbar } from './Toolbar';
import { useConnection } from './useConnection';
import styles from './Viewer.module.css';

/** A running desktop: its picture, the toolbar above it, and what stands in the way of the picture. */
export default function Viewer({ desktop, title, onStage, onEnter }: { desktop: Desktop; title: string; onStage: boolean; onEnter: (entered: true) => void }) {
  const t = useT();
  const screen = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const remote = useConnection(desktop.name, screen);
  const { phase, focus } = remote;
  const connected = phase.kind === 'connected';
  const minutes = minutesLeft(desktop.stops_at, useNow('second'));

  useEffect(() => {
    if (phase.kind !== 'connecting') onEnter(true);
  }, [phase, onEnter]);

  useEffect(() => {
    // Typing reaches the desktop as soon as it is seen, unless the user is busy with the toolbar or a panel.
    const busy = document.activeElement?.closest('[data-toolbar], [role="dialog"]');
    if (connected && onStage && !busy) focus();
  }, [connected, onStage, focus]);

  useEffect(() => {
    if (!screen.current) return undefined;
    return onEscapeChord(screen.current, () => stage.current?.querySelector<HTMLElement>('[data-first-tool]')?.focus());
  }, []);

  return (
    <div className={styles.stage} ref={stage} data-scheme="dark" data-shown={onStage || undefined}>
      {onStage && <title>{minutes === undefined ? `${title} – Pult` : t('stopsSoon.tab', { name: title, minutes })}</title>}
      <Toolbar
        title={title}
        connected={connected}
        clipboard={remote.clipboard}
        onPaste={remote.paste}
        onCtrlAltDel={remote.ctrlAltDel}
        onLeave={focus}
      />
      <StopsSoon desktop={desktop} minutes={minutes} />
      <main className={styles.picture}>
        <div
          ref={screen}
          className={styles.screen}
          role="application"
          aria-label={t('viewer.screen', { name: title })}
          aria-describedby="viewer-keys"
          // eslint-disable-next-line jsx-a11y-x/no-noninteractive-tabindex -- an application takes all keys
          tabIndex={0}
          onFocus={(event) => {
            if (event.target === event.currentTarget) focus();
          }}
        />
        <p id="viewer-keys" className="unseen">
          {t('viewer.keys')}
        </p>
        {!connected && <ConnectionNotice phase={phase} picture={remote.picture} onRetry={remote.retry} />}
      </main>
    </div>
  );
}
