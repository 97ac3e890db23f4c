import { useContext, useState } from 'react';
import { Label, OverlayTriggerStateContext, TextArea, TextField } from 'react-aria-components';
import { clipboardPreference, usePreference } from '~/app/preferences';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import { Choice } from './Choice';
import styles from './ClipboardPanel.module.css';
import { browserClipboard, type ClipboardChoice } from './clipboardSync';
import { Panel } from './Panel';
import type { Clip } from './useClipboard';

const HINTS = { off: 'clipboard.offHint', ask: 'clipboard.askHint', auto: 'clipboard.autoHint' } as const;

/** Whether this device's clipboard and the desktop's have to do with each other, and a way between them that always works. */
export function ClipboardPanel({ clipboard, isDisabled }: { clipboard: Clip; isDisabled: boolean }) {
  const t = useT();
  const choice = usePreference(clipboardPreference);
  const [isRefused, setRefused] = useState(false);

  const choose = (next: ClipboardChoice) => {
    clipboardPreference.set(next);
    setRefused(false);
    if (next === 'off') clipboard.dismiss();
    // With this click the browser asks for its permission, and not in the middle of something.
    if (next === 'auto') browserClipboard.read().then(clipboard.send, () => { setRefused(true); });
  };

  return (
    <Panel title={t('clipboard.title')}>
      <Choice
        title={t('clipboard.choice')}
        chosen={choice}
        onChoose={choose}
        options={[
          { value: 'off', label: t('clipboard.off') },
          { value: 'ask', label: t('clipboard.ask') },
          { value: 'auto', label: t('clipboard.auto') },
        ]}
        hint={t(choice === 'auto' && isRefused ? 'clipboard.autoRefused' : HINTS[choice])}
      />
      {/* What the desktop copies while the panel is open replaces what stands there. */}
      {choice !== 'off' && <Content key={clipboard.text} text={clipboard.text} isDisabled={isDisabled} onSend={clipboard.send} />}
    </Panel>
  );
}

function Content({ text, isDisabled, onSend }: { text: string; isDisabled: boolean; onSend: (text: string) => void }) {
  const t = useT();
  const panel = useContext(OverlayTriggerStateContext);
  const [draft, setDraft] = useState(text);
  const [copied, setCopied] = useState(false);
  // Browsers give pages the clipboard on https only; the text can be marked and copied by hand always.
  const canUse = window.isSecureContext;
  return (
    <>
      <TextField className={styles.field} value={draft} onChange={setDraft}>
        <Label className={styles.label}>{t('clipboard.label')}</Label>
        <TextArea className={styles.text} rows={4} />
      </TextField>
      <div className={styles.actions}>
        {canUse && (
          <>
            <Button onPress={() => { browserClipboard.read().then(setDraft, () => {}); }}>{t('clipboard.fetch')}</Button>
            <Button
              isDisabled={draft === ''}
              onPress={() => { browserClipboard.write(draft).then(() => { setCopied(true); }, () => {}); }}
            >
              {t(copied ? 'clipboard.copied' : 'clipboard.copy')}
            </Button>
          </>
        )}
        <Button
          look="primary"
          wide
          isDisabled={isDisabled || draft === ''}
          onPress={() => {
            onSend(draft);
            panel?.close();
          }}
        >
          {t('clipboard.send')}
        </Button>
      </div>
    </>
  );
}
