import { useEffect, useMemo, useRef, useState } from 'react';
import type { Desktop } from '~/api/types';
import { qualityPreference, sizePreference, usePreference } from '~/app/preferences';
import { Lookers } from '~/desktop/Lookers';
import { useStopsSoon } from '~/desktop/useStopsSoon';
import { useT } from '~/i18n/useT';
import { onEscapeChord } from './chord';
import { ClipboardOffer } from './ClipboardOffer';
import { ConnectionNotice } from './ConnectionNotice';
import { KeyBar } from './KeyBar';
import { PhoneKeyboard } from './PhoneKeyboard';
import { StopsSoon } from './StopsSoon';
import { Toolbar } from './Toolbar';
import { useConnection } from './useConnection';
import { useIsTouch, useVisibleArea } from './useScreen';
import styles from './Viewer.module.css';

/** A running desktop: its picture, the bars around it, and what stands in the way of the picture. */
export default function Viewer({ desktop, title, onStage, onEnter }: { desktop: Desktop; title: string; onStage: boolean; onEnter: (entered: true) => void }) {
  const t = useT();
  const screen = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const isTouch = useIsTouch();
  const size = usePreference(sizePreference);
  const quality = usePreference(qualityPreference);
  // Not remembered: who comes back and cannot type would look for the reason.
  const [viewOnly, setViewOnly] = useState(false);
  const [pan, setPan] = useState(true);
  const [hasKeys, setKeys] = useState(false);
  const [isTyping, setTyping] = useState(false);
  const settings = useMemo(() => ({ size, quality, viewOnly, pan, isCovered: isTyping }), [size, quality, viewOnly, pan, isTyping]);

  const remote = useConnection(desktop.name, screen, settings);
  const { phase, focus, keys } = remote;
  const connected = phase.kind === 'connected';
  const soon = useStopsSoon(desktop);
  const area = useVisibleArea(isTyping);

  useEffect(() => {
    if (phase.kind !== 'connecting') onEnter(true);
  }, [phase, onEnter]);

  useEffect(() => {
    // Typing reaches the desktop as soon as it is seen, unless the user is busy with a bar, a panel or a phone's keyboard.
    const busy = document.activeElement?.closest('[data-toolbar], [role="dialog"], textarea');
    if (connected && onStage && !busy) focus();
  }, [connected, onStage, focus]);

  useEffect(() => {
    if (!screen.current) return undefined;
    return onEscapeChord(screen.current, () => stage.current?.querySelector<HTMLElement>('[data-first-tool]')?.focus());
  }, []);

  useEffect(() => {
    // A tap beside the picture leaves a phone's keyboard where it is, as one on the picture does.
    const stay = (event: Event) => { event.preventDefault(); };
    const element = screen.current;
    if (!isTyping || !element) return undefined;
    element.addEventListener('mousedown', stay);
    return () => { element.removeEventListener('mousedown', stay); };
  }, [isTyping]);

  const type = (wanted: boolean) => {
    if (wanted) field.current?.focus({ preventScroll: true });
    else field.current?.blur();
    setTyping(wanted);
  };
  const showKeys = (wanted: boolean) => {
    setKeys(wanted);
    keys.release();
    if (isTouch) type(wanted);
  };

  return (
    <div className={styles.stage} ref={stage} style={area} data-scheme="dark" data-shown={onStage || undefined}>
      {onStage && <title>{soon ? t('stopsSoon.tab', { name: title, minutes: soon.minutes }) : `${title} – Pult`}</title>}
      <Toolbar
        title={title}
        remote={remote}
        viewOnly={viewOnly}
        onViewOnly={setViewOnly}
        hasKeys={hasKeys}
        onKeys={showKeys}
        pan={pan}
        onPan={setPan}
      />
      <StopsSoon desktop={desktop} soon={soon} />
      <Lookers grants={desktop.grants} />
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
        <ClipboardOffer clipboard={remote.clipboard} />
        <ConnectionNotice phase={phase} picture={remote.picture} onRetry={remote.retry} />
        {isTouch && <PhoneKeyboard field={field} keys={keys} onClose={() => { setTyping(false); }} />}
      </main>
      {hasKeys && (
        <footer>
          <KeyBar keys={keys} isDisabled={!connected || viewOnly} isTyping={isTouch ? isTyping : undefined} onType={type} />
        </footer>
      )}
    </div>
  );
}
