import { useQuery } from '@tanstack/react-query';
import { LayoutGrid, LoaderCircle, RotateCw, TriangleAlert, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { statusQuery } from '~/api/queries';
import { useT } from '~/i18n/useT';
import { Button, LinkButton } from '~/ui/Button';
import type { Phase } from './connection';
import styles from './ConnectionNotice.module.css';

/** A new connection has its first picture after so long, in ms; until then the old one is better than none. */
const FIRST_PICTURE = 300;

/** Why there is no picture right now, over the last one there was. */
export function ConnectionNotice({ phase, picture, onRetry }: { phase: Phase; picture: string | undefined; onRetry: () => void }) {
  const connected = phase.kind === 'connected';
  const settled = useSettled(connected);
  if (connected && settled) return null;
  return (
    <div className={styles.notice} data-over={connected || undefined}>
      {picture && <img className={styles.last} src={picture} alt="" />}
      {!connected && <Card phase={phase} isNew={picture === undefined} onRetry={onRetry} />}
    </div>
  );
}

function Card({ phase, isNew, onRetry }: { phase: Phase; isNew: boolean; onRetry: () => void }) {
  const t = useT();
  const status = useQuery({ ...statusQuery, enabled: false }).data;
  const seconds = useCountdown(phase.kind === 'waiting' ? phase.at : null);
  const isTrying = phase.kind === 'connecting';
  // The server has seen upgrades arrive without their header: a proxy on the way does not let streams through.
  const isBlocked = isNew && status?.streams_blocked === true && (phase.kind === 'waiting' || (isTrying && phase.again));
  const Icon = isBlocked ? TriangleAlert : { connecting: LoaderCircle, connected: LoaderCircle, waiting: Unplug, refused: TriangleAlert }[phase.kind];

  const said = () => {
    if (phase.kind === 'refused') return [t('viewer.refused'), t('viewer.refusedText')];
    if (isBlocked) return [t('viewer.blocked'), t('viewer.blockedText')];
    if (isTrying && !phase.again) return [t('viewer.connecting')];
    return isNew ? [t('viewer.failed'), t('viewer.failedText')] : [t('viewer.lost'), t('viewer.lostText')];
  };
  const [title, text] = said();

  return (
    <div className={styles.card}>
      <Icon size={30} aria-hidden className={isTrying && !isBlocked ? styles.turning : undefined} />
      <div role="status" className={styles.text}>
        <p className={styles.title}>{title}</p>
        {text && <p>{text}</p>}
      </div>
      {phase.kind === 'waiting' && (
        <>
          <p className={styles.count}>{seconds === null ? t('viewer.paused') : t('viewer.retryIn', { seconds })}</p>
          <div className={styles.actions}>
            <Button look="primary" icon={RotateCw} onPress={onRetry}>
              {t('viewer.retryNow')}
            </Button>
          </div>
        </>
      )}
      {phase.kind === 'refused' && (
        <div className={styles.actions}>
          <LinkButton icon={LayoutGrid} href="/">
            {t('action.overview')}
          </LinkButton>
        </div>
      )}
    </div>
  );
}

/** Whether it has been connected for a moment. */
function useSettled(connected: boolean): boolean {
  const [isSettled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => { setSettled(connected); }, connected ? FIRST_PICTURE : 0);
    return () => { clearTimeout(timer); };
  }, [connected]);
  return isSettled;
}

/** Whole seconds until a time of this computer's clock. */
function useCountdown(at: number | null): number | null {
  const [left, setLeft] = useState<number | null>(null);
  useEffect(() => {
    const count = () => { setLeft(at === null ? null : Math.max(0, Math.ceil((at - Date.now()) / 1_000))); };
    count();
    const timer = setInterval(count, 500);
    return () => { clearInterval(timer); };
  }, [at]);
  return left;
}
