import { LayoutGrid } from 'lucide-react';
import { useT } from '~/i18n/useT';
import { LinkButton } from '~/ui/Button';
import { Situation } from '~/ui/Situation';
import { Frame } from './Frame';

export function NotFoundPage() {
  const t = useT();
  return (
    <Frame title={t('notFound.title')}>
      <Situation
        mood="lost"
        title={t('notFound.title')}
        actions={
          <LinkButton look="primary" icon={LayoutGrid} href="/">
            {t('action.overview')}
          </LinkButton>
        }
      >
        <p>{t('notFound.text')}</p>
      </Situation>
    </Frame>
  );
}
