import { RotateCw } from 'lucide-react';
import { useRef, useState } from 'react';
import { Link, Toolbar } from 'react-aria-components';
import type { Desktop } from '~/api/types';
import { useStopsSoon } from '~/desktop/useStopsSoon';
import { useT } from '~/i18n/useT';
import { Mark } from '~/ui/Mark';
import styles from './FramedClient.module.css';
import { FullScreenTool } from './FullScreenTool';
import { StopsSoon } from './StopsSoon';
import { Tool } from './Tool';
import bar from './Toolbar.module.css';
import viewer from './Viewer.module.css';

/**
 * A desktop that only the client from its image can show. That stands in a frame, so that what Pult has to say
 * about the desktop is seen above it, and a stop and a new start lead away from it and back. What the client has
 * to know, such as where its stream is, the server adds to the frame's address.
 */
export function FramedClient({ desktop, title }: { desktop: Desktop; title: string }) {
  const t = useT();
  const frame = useRef<HTMLIFrameElement>(null);
  // A network that changes while the client loads leaves it half there, and it does not notice.
  const [load, setLoad] = useState(0);
  const soon = useStopsSoon(desktop);
  const focus = () => { frame.current?.focus(); };
  return (
    <div className={viewer.stage} data-scheme="dark" data-shown>
      <title>{soon ? t('stopsSoon.tab', { name: title, minutes: soon.minutes }) : `${title} – Pult`}</title>
      <header className={bar.bar} data-toolbar>
        <Link href="/" className={bar.home} aria-label={t('action.overview')}>
          <Mark size={26} />
        </Link>
        <h1 className={bar.title}>{title}</h1>
        <Toolbar aria-label={t('toolbar.label')} className={bar.tools}>
          <Tool icon={RotateCw} label={t('ownClient.reload')} onPress={() => { setLoad(load + 1); }} />
          <FullScreenTool onToggled={focus} />
        </Toolbar>
      </header>
      <StopsSoon desktop={desktop} soon={soon} />
      <main className={viewer.picture}>
        <iframe key={load} ref={frame} className={styles.frame} src={`${desktop.url}?client`} title={t('viewer.screen', { name: title })} onLoad={focus} />
      </main>
    </div>
  );
}
