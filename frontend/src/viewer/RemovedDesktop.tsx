import { LayoutGrid, Play } from 'lucide-react';
import { Frame } from '~/app/Frame';
import { useT } from '~/i18n/useT';
import { announceStart } from '~/start/startIntent';
import { LinkButton } from '~/ui/Button';
import { Situation } from '~/ui/Situation';

/** The desktop this page showed is gone; a new one of the same template is a click away. */
export function RemovedDesktop({ slug, title }: { slug: string; title: string }) {
  const t = useT();
  return (
    <Frame title={title}>
      <Situation
        mood="asleep"
        title={t('removed.title', { name: title })}
        actions={
          <>
            <LinkButton look="primary" icon={Play} href={`/start/${encodeURIComponent(slug)}`} onPress={() => { announceStart(slug); }}>
              {t('action.startAgain')}
            </LinkButton>
            <LinkButton icon={LayoutGrid} href="/">
              {t('action.overview')}
            </LinkButton>
          </>
        }
      />
    </Frame>
  );
}
