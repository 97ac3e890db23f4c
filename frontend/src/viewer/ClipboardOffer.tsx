import { ClipboardCopy, X } from 'lucide-react';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import styles from './ClipboardOffer.module.css';
import { Tool } from './Tool';
import type { Clip } from './useClipboard';

/** Text was copied in the desktop: one click takes it over to this device. */
export function ClipboardOffer({ clipboard: { offer, take, dismiss } }: { clipboard: Clip }) {
  const t = useT();
  return (
    <div role="status">
      {offer !== undefined && (
        <div className={styles.offer} data-toolbar>
          <ClipboardCopy size={20} aria-hidden />
          <p className={styles.text}>{t('clipboard.offer')}</p>
          <Button look="primary" onPress={take}>
            {t('clipboard.take')}
          </Button>
          <Tool icon={X} label={t('action.close')} onPress={dismiss} />
        </div>
      )}
    </div>
  );
}
