import { RotateCw } from 'lucide-react';
import { useEffect } from 'react';
import type { Desktop } from '~/api/types';
import { Frame } from '~/app/Frame';
import { StartProgress } from '~/desktop/StartProgress';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import { Situation } from '~/ui/Situation';

/**
 * A desktop that only the pages from its container can show: the server has them at this same address once the
 * desktop runs. After a start seen here, the page makes way for it by itself; never twice, or it would loop.
 */
export function OwnClient({ desktop, title, leave }: { desktop: Desktop; title: string; leave: boolean }) {
  const t = useT();
  useEffect(() => {
    if (leave) window.location.replace(desktop.url);
  }, [leave, desktop.url]);
  return (
    <Frame title={title}>
      {leave ? (
        <StartProgress name={title} desktop={desktop} connecting />
      ) : (
        <Situation
          mood="connecting"
          title={t('ownClient.title', { name: title })}
          actions={
            <Button look="primary" icon={RotateCw} onPress={() => { window.location.reload(); }}>
              {t('action.reload')}
            </Button>
          }
        >
          <p>{t('ownClient.text')}</p>
        </Situation>
      )}
    </Frame>
  );
}
