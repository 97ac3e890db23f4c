import { useQuery } from '@tanstack/react-query';
import { Clock, X } from 'lucide-react';
import { useState } from 'react';
import { useRoute } from 'wouter';
import { desktopsQuery, templatesQuery } from '~/api/queries';
import type { Desktop } from '~/api/types';
import { useDesktopAction } from '~/desktop/useDesktopAction';
import { useStopsSoon } from '~/desktop/useStopsSoon';
import { useT } from '~/i18n/useT';
import { Button, IconButton } from '~/ui/Button';
import styles from './StopsSoonToasts.module.css';

/** On whatever page somebody is: their desktops that stop soon. The page of such a desktop warns by itself. */
export function StopsSoonToasts() {
  const [, onPage] = useRoute('/desktop/:name/*?');
  const desktops = useQuery({ ...desktopsQuery, enabled: false }).data ?? [];
  return (
    <div role="status" className={styles.toasts}>
      {desktops
        .filter(({ state, name }) => state === 'running' && name !== onPage?.name)
        .map((desktop) => (
          <Toast key={desktop.id} desktop={desktop} />
        ))}
    </div>
  );
}

function Toast({ desktop }: { desktop: Desktop }) {
  const t = useT();
  const soon = useStopsSoon(desktop);
  const action = useDesktopAction(desktop);
  const templates = useQuery({ ...templatesQuery, enabled: false }).data;
  // Closed is closed until it would stop at another time.
  const [closed, setClosed] = useState<string | null>();
  if (!soon || closed === desktop.stops_at) return null;
  const name = templates?.find(({ slug }) => slug === desktop.template)?.name ?? desktop.template;
  return (
    <div className={styles.toast}>
      <Clock size={20} aria-hidden />
      <p className={styles.text}>
        <strong>{t('stopsSoon.named', { name, minutes: soon.minutes })}</strong> {soon.fixed && t(soon.fixed)}
      </p>
      {!soon.fixed && (
        <Button onPress={() => { action.run('extend'); }}>
          {t('stopsSoon.stay')}
        </Button>
      )}
      <IconButton icon={X} label={t('action.close')} onPress={() => { setClosed(desktop.stops_at); }} />
    </div>
  );
}
