import { ChevronDown, ChevronUp, ClipboardList, Eye, Hand, Keyboard, SlidersHorizontal } from 'lucide-react';
import { useEffect } from 'react';
import { DialogTrigger, Link, Toolbar as AriaToolbar } from 'react-aria-components';
import { toolbarPreference, usePreference } from '~/app/preferences';
import { useT } from '~/i18n/useT';
import { Mark } from '~/ui/Mark';
import { ClipboardPanel } from './ClipboardPanel';
import { FullScreenTool } from './FullScreenTool';
import { LinkIcon } from './LinkIcon';
import { Tool } from './Tool';
import styles from './Toolbar.module.css';
import type { Remote } from './useConnection';
import { ViewPanel } from './ViewPanel';

type ToolbarProps = {
  title: string;
  remote: Remote;
  viewOnly: boolean;
  onViewOnly: (viewOnly: boolean) => void;
  hasKeys: boolean;
  onKeys: (hasKeys: boolean) => void;
  pan: boolean;
  onPan: (pan: boolean) => void;
};

/** What one can do with a desktop from outside it. Folded away, only a handle is left. Escape leads back into the desktop. */
export function Toolbar({ title, remote, viewOnly, onViewOnly, hasKeys, onKeys, pan, onPan }: ToolbarProps) {
  const t = useT();
  const open = usePreference(toolbarPreference) === 'open';
  const { focus, link, isClipped, clipboard } = remote;
  const connected = remote.phase.kind === 'connected';
  const state = !connected ? 'toolbar.notConnected' : link.level === 'weak' ? 'link.weak' : 'toolbar.connected';

  // On the window, before the tooltip of the focused tool takes the key for itself. Panels lie outside of
  // the bars: there Escape only closes the panel.
  useEffect(() => {
    const toDesktop = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && event.target instanceof Element && event.target.closest('[data-toolbar]')) focus();
    };
    window.addEventListener('keydown', toDesktop, { capture: true });
    return () => { window.removeEventListener('keydown', toDesktop, { capture: true }); };
  }, [focus]);

  if (!open) {
    return (
      <header className={styles.handle} data-toolbar>
        <h1 className="unseen">{title}</h1>
        <Tool first icon={ChevronDown} label={t('toolbar.open')} onPress={() => { toolbarPreference.set('open'); }} />
      </header>
    );
  }
  return (
    <header className={styles.bar} data-toolbar>
      <Link href="/" className={styles.home} aria-label={t('action.overview')} data-first-tool>
        <Mark size={26} />
      </Link>
      <h1 className={styles.title}>{title}</h1>
      <span className={styles.state}>
        <LinkIcon level={connected ? link.level : undefined} />
        <span>{t(state)}</span>
      </span>
      {viewOnly && (
        <span className={styles.state}>
          <Eye size={18} aria-hidden />
          <span>{t('view.only')}</span>
        </span>
      )}
      <AriaToolbar aria-label={t('toolbar.label')} className={styles.tools}>
        {isClipped && <Tool icon={Hand} label={t('toolbar.pan')} aria-pressed={pan} onPress={() => { onPan(!pan); }} />}
        <DialogTrigger>
          <Tool icon={ClipboardList} label={t('clipboard.title')} isDisabled={!connected} />
          <ClipboardPanel clipboard={clipboard} isDisabled={viewOnly} />
        </DialogTrigger>
        <Tool icon={Keyboard} label={t('keys.title')} aria-pressed={hasKeys} onPress={() => { onKeys(!hasKeys); }} />
        <DialogTrigger>
          <Tool icon={SlidersHorizontal} label={t('view.title')} />
          <ViewPanel connected={connected} link={link} viewOnly={viewOnly} onViewOnly={onViewOnly} />
        </DialogTrigger>
        <FullScreenTool onToggled={focus} />
        <Tool icon={ChevronUp} label={t('toolbar.close')} onPress={() => { toolbarPreference.set('closed'); }} />
      </AriaToolbar>
    </header>
  );
}
