import { useContext, useState } from 'react';
import { Label, OverlayTriggerStateContext, TextArea, TextField } from 'react-aria-components';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import styles from './ClipboardPanel.module.css';
import { Panel } from './Panel';

/** The desktop's clipboard: what was copied there can be taken out, and text can be put in. */
export function ClipboardPanel({ text, onPaste }: { text: string; onPaste: (text: string) => void }) {
  const t = useT();
  return (
    <Panel title={t('clipboard.title')}>
      {/* What the desktop copies while the panel is open replaces what stands there. */}
      <Content key={text} text={text} onPaste={onPaste} />
    </Panel>
  );
}

function Content({ text, onPaste }: { text: string; onPaste: (text: string) => void }) {
  const t = useT();
  const panel = useContext(OverlayTriggerStateContext);
  const [draft, setDraft] = useState(text);
  const [copied, setCopied] = useState(false);
  // Browsers give pages the clipboard on https only; the text can be marked and copied by hand always.
  const canCopy = window.isSecureContext;
  return (
    <>
      <TextField className={styles.field} value={draft} onChange={setDraft}>
        <Label className={styles.label}>{t('clipboard.label')}</Label>
        <TextArea className={styles.text} rows={5} />
      </TextField>
      <p className={styles.hint}>{t('clipboard.hint')}</p>
      <div className={styles.actions}>
        {canCopy && (
          <Button
            isDisabled={draft === ''}
            onPress={() => {
              void navigator.clipboard.writeText(draft).then(() => { setCopied(true); });
            }}
          >
            {t(copied ? 'clipboard.copied' : 'clipboard.copy')}
          </Button>
        )}
        <Button
          look="primary"
          isDisabled={draft === ''}
          onPress={() => {
            onPaste(draft);
            panel?.close();
          }}
        >
          {t('clipboard.send')}
        </Button>
      </div>
    </>
  );
}
