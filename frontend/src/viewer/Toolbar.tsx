import { ChevronDown, ChevronUp, ClipboardList, Keyboard, Maximize, Minimize } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { DialogTrigger, Link, Toolbar as AriaToolbar } from 'react-aria-components';
import { toolbarPreference, usePreference } from '~/app/preferences';
import { useT } from '~/i18n/useT';
import { Mark } from '~/ui/Mark';
import { ClipboardPanel } from './ClipboardPanel';
import { KeysPanel } from './KeysPanel';
import { Tool } from './Tool';
import styles from './Toolbar.module.css';
import { useFullScreen } from './useFullScreen';

type ToolbarProps = {
  title: string;
  connected: boolean;
  clipboard: string;
  onPaste: (text: string) => void;
  onCtrlAltDel: () => void;
  onLeave: () => void;
};

/** What one can do with a desktop from outside it. Folded away, only a handle is left. Escape leads back into the desktop. */
export function Toolbar({ title, connected, clipboard, onPaste, onCtrlAltDel, onLeave }: ToolbarProps) {
  const t = useT();
  const open = usePreference(toolbarPreference) === 'open';
  const fullScreen = useFullScreen();
  const bar = useRef<HTMLElement>(null);

  // On the window, before the tooltip of the focused tool takes the key for itself. Panels lie outside of
  // the bar: there Escape only closes the panel.
  useEffect(() => {
    const toDesktop = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && bar.current?.contains(event.target as Node)) onLeave();
    };
    window.addEventListener('keydown', toDesktop, { capture: true });
    return () => { window.removeEventListener('keydown', toDesktop, { capture: true }); };
  }, [onLeave]);

  if (!open) {
    return (
      <header className={styles.handle} data-toolbar ref={bar}>
        <h1 className="unseen">{title}</h1>
        <Tool first icon={ChevronDown} label={t('toolbar.open')} onPress={() => { toolbarPreference.set('open'); }} />
      </header>
    );
  }
  return (
    <header className={styles.bar} data-toolbar ref={bar}>
      <Link href="/" className={styles.home} aria-label={t('action.overview')} data-first-tool>
        <Mark size={26} />
      </Link>
      <h1 className={styles.title}>{title}</h1>
      <span className={styles.state} data-connected={connected || undefined}>
        {t(connected ? 'toolbar.connected' : 'toolbar.notConnected')}
      </span>
      <AriaToolbar aria-label={t('toolbar.label')} className={styles.tools}>
        <DialogTrigger>
          <Tool icon={ClipboardList} label={t('clipboard.title')} isDisabled={!connected} />
          <ClipboardPanel text={clipboard} onPaste={onPaste} />
        </DialogTrigger>
        <DialogTrigger>
          <Tool icon={Keyboard} label={t('keys.title')} />
          <KeysPanel connected={connected} onCtrlAltDel={onCtrlAltDel} />
        </DialogTrigger>
        {fullScreen.possible && (
          <Tool
            icon={fullScreen.active ? Minimize : Maximize}
            label={t(fullScreen.active ? 'toolbar.leaveFullScreen' : 'toolbar.fullScreen')}
            onPress={() => {
              fullScreen.toggle();
              onLeave();
            }}
          />
        )}
        <Tool icon={ChevronUp} label={t('toolbar.close')} onPress={() => { toolbarPreference.set('closed'); }} />
      </AriaToolbar>
    </header>
  );
}
