import { CircleCheck, CircleX } from 'lucide-react';
import type { Template } from '~/api/types';
import type { MessageId } from '~/i18n/messages';
import { useT } from '~/i18n/useT';
import { ConfirmDialog } from '~/ui/ConfirmDialog';
import styles from './LossDialog.module.css';

export type Loss = 'stop' | 'reset' | 'remove';

const TEXTS: Record<Loss, { title: MessageId; confirm: MessageId; lost: MessageId[]; kept: MessageId[] }> = {
  stop: {
    title: 'stop.title',
    confirm: 'stop.confirm',
    lost: ['loss.windows'],
    kept: ['loss.files', 'loss.programs'],
  },
  reset: {
    title: 'reset.title',
    confirm: 'reset.confirm',
    lost: ['loss.windows', 'loss.outside'],
    kept: ['loss.files'],
  },
  remove: {
    title: 'remove.title',
    confirm: 'remove.confirm',
    lost: ['loss.windows', 'loss.outside'],
    kept: ['loss.files', 'loss.template'],
  },
};

/** Says what is lost and what stays, then asks. A template without a home keeps no files over a reset. */
export function LossDialog({ loss, name, home, onConfirm, onClose }: {
  loss: Loss;
  name: string;
  home: Template['home'];
  onConfirm: () => void;
  onClose: () => void;
}) {
  const t = useT();
  const { title, confirm, lost, kept } = TEXTS[loss];
  const homeless = home === 'none' && loss !== 'stop';
  const gone = homeless ? [...lost, 'loss.allFiles' as const] : lost;
  const stays = homeless ? kept.filter((id) => id !== 'loss.files') : kept;
  return (
    <ConfirmDialog title={t(title, { name })} confirm={t(confirm)} cancel={t('action.cancel')} onConfirm={onConfirm} onClose={onClose}>
      <section>
        <h3 className={styles.heading}>{t('loss.lost')}</h3>
        <ul className={styles.lost}>
          {gone.map((id) => (
            <li key={id}>
              <CircleX size={20} aria-hidden />
              {t(id)}
            </li>
          ))}
        </ul>
      </section>
      {stays.length > 0 && (
        <section>
          <h3 className={styles.heading}>{t('loss.kept')}</h3>
          <ul className={styles.kept}>
            {stays.map((id) => (
              <li key={id}>
                <CircleCheck size={20} aria-hidden />
                {t(id)}
              </li>
            ))}
          </ul>
        </section>
      )}
    </ConfirmDialog>
  );
}
