import { LayoutGrid, LoaderCircle, RotateCw, TriangleAlert, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useT } from '~/i18n/useT';
import { Button, LinkButton } from '~/ui/Button';
import type { Phase } from './connection';
import styles from './ConnectionNotice.module.css';

/** Why there is no picture right now, over the last one there was. */
export function ConnectionNotice({ phase, picture, onRetry }: { phase: Phase; picture: string | undefined; onRetry: () => void }) {
  const t = useT();
  const seconds = useCountdown(phase.kind === 'waiting' ? phase.at : null);
  const trying = phase.kind === 'connecting';
  const Icon = { connecting: LoaderCircle, connected: LoaderCircle, waiting: Unplug, refused: TriangleAlert }[phase.kind];
  return (
    <div className={styles.notice}>
      {picture && <img className={styles.last} src={picture} alt="" />}
      <div className={styles.card}>
        <Icon size={30} aria-hidden className={trying ? styles.turning : undefined} />
        <div role="status" className={styles.text}>
          <p className={styles.title}>
            {phase.kind === 'refused' ? t('viewer.refused') : trying && !phase.again ? t('viewer.connecting') : t('viewer.lost')}
          </p>
          {phase.kind === 'refused' && <p>{t('viewer.refusedText')}</p>}
          {(phase.kind === 'waiting' || (trying && phase.again)) && <p>{t('viewer.lostText')}</p>}
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
    </div>
  );
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
