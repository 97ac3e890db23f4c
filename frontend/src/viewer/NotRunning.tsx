import { LayoutGrid, Play, RotateCw } from 'lucide-react';
import type { Desktop } from '~/api/types';
import { ProblemText } from '~/desktop/ProblemText';
import { ReportId } from '~/desktop/ReportId';
import { useDesktopAction } from '~/desktop/useDesktopAction';
import type { MessageId } from '~/i18n/messages';
import { useT } from '~/i18n/useT';
import { Button, LinkButton } from '~/ui/Button';
import { Situation } from '~/ui/Situation';

/** A desktop that stops, has stopped or has failed: why, and how to have it back. */
export function NotRunning({ desktop, title }: { desktop: Desktop; title: string }) {
  const t = useT();
  const action = useDesktopAction(desktop);
  const failed = desktop.state === 'failed';
  const stopping = desktop.state === 'stopping';
  return (
    <Situation
      mood={failed ? 'broken' : 'asleep'}
      title={t(headline(desktop), { name: title })}
      actions={
        <>
          {!stopping && (
            <Button look="primary" icon={failed ? RotateCw : Play} onPress={() => { action.run('start'); }}>
              {t(failed ? 'action.startAgain' : 'action.start')}
            </Button>
          )}
          <LinkButton icon={LayoutGrid} href="/">
            {t('action.overview')}
          </LinkButton>
        </>
      }
    >
      {desktop.why && <p>{desktop.why}</p>}
      {!failed && <p>{t('stopped.files')}</p>}
      {action.problem && (
        <div role="alert">
          <ProblemText problem={action.problem} />
        </div>
      )}
      {failed && <ReportId id={desktop.id} />}
    </Situation>
  );
}

/** Reasons of a desktop that did run before it failed. */
const RAN = ['crashed', 'out_of_memory', 'stopped_outside', 'removed_outside'];

function headline({ state, started_at, reason }: Desktop): MessageId {
  if (state === 'failed') return started_at && RAN.includes(reason ?? '') ? 'failed.running' : 'failed.title';
  return state === 'stopping' ? 'stopping.title' : 'stopped.title';
}
