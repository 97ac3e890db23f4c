import { useId } from 'react';
import { qualityPreference, sizePreference, usePreference } from '~/app/preferences';
import { useT } from '~/i18n/useT';
import { Choice } from './Choice';
import { LinkFacts } from './LinkFacts';
import type { Link } from './link';
import { Panel } from './Panel';
import styles from './ViewPanel.module.css';

const SIZE_HINTS = { window: 'view.sizeWindowHint', scale: 'view.sizeScaleHint', actual: 'view.sizeActualHint' } as const;

type ViewProps = { connected: boolean; link: Link; viewOnly: boolean; onViewOnly: (viewOnly: boolean) => void };

/** How the desktop is shown on this device, how well it gets here, and how to leave it by keyboard. */
export function ViewPanel(props: ViewProps) {
  const t = useT();
  return (
    <Panel title={t('view.title')}>
      <Content {...props} />
    </Panel>
  );
}

function Content({ connected, link, viewOnly, onViewOnly }: ViewProps) {
  const t = useT();
  const size = usePreference(sizePreference);
  const quality = usePreference(qualityPreference);
  const id = useId();
  return (
    <>
      <Choice
        title={t('view.size')}
        chosen={size}
        onChoose={sizePreference.set}
        options={[
          { value: 'window', label: t('view.sizeWindow') },
          { value: 'scale', label: t('view.sizeScale') },
          { value: 'actual', label: t('view.sizeActual') },
        ]}
        hint={t(SIZE_HINTS[size])}
      />
      <Choice
        title={t('view.quality')}
        chosen={quality}
        onChoose={qualityPreference.set}
        options={[
          { value: 'auto', label: t('view.qualityAuto') },
          { value: 'sharp', label: t('view.qualitySharp') },
          { value: 'fast', label: t('view.qualityFast') },
        ]}
      />
      <div>
        <label className={styles.switch}>
          <input
            type="checkbox"
            role="switch"
            checked={viewOnly}
            aria-describedby={`${id}-hint`}
            onChange={({ currentTarget }) => { onViewOnly(currentTarget.checked); }}
          />
          {t('view.only')}
        </label>
        <p id={`${id}-hint`} className={styles.hint}>
          {t('view.onlyHint')}
        </p>
      </div>
      {connected && <LinkFacts link={link} />}
      <dl className={styles.keys}>
        <div>
          <dt>
            <kbd>{t('key.ctrl')}</kbd> <kbd>{t('key.alt')}</kbd> <kbd>{t('key.shift')}</kbd>
          </dt>
          <dd>{t('keys.toToolbar')}</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>{t('keys.toDesktop')}</dd>
        </div>
      </dl>
    </>
  );
}
