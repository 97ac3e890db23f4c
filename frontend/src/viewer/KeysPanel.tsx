import { useContext } from 'react';
import { OverlayTriggerStateContext } from 'react-aria-components';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import styles from './KeysPanel.module.css';
import { Panel } from './Panel';

/** Keys that the browser or the computer would take for itself, and how to get out of the desktop by keyboard. */
export function KeysPanel({ connected, onCtrlAltDel }: { connected: boolean; onCtrlAltDel: () => void }) {
  const t = useT();
  return (
    <Panel title={t('keys.title')}>
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
      <SendKeys connected={connected} onCtrlAltDel={onCtrlAltDel} />
    </Panel>
  );
}

function SendKeys({ connected, onCtrlAltDel }: { connected: boolean; onCtrlAltDel: () => void }) {
  const t = useT();
  const panel = useContext(OverlayTriggerStateContext);
  return (
    <Button
      isDisabled={!connected}
      onPress={() => {
        onCtrlAltDel();
        panel?.close();
      }}
    >
      {t('keys.ctrlAltDel')}
    </Button>
  );
}
