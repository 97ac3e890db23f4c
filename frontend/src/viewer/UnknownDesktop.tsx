import { useQuery } from '@tanstack/react-query';
import { LayoutGrid, RotateCw } from 'lucide-react';
import { ApiProblem } from '~/api/problem';
import { desktopsQuery } from '~/api/queries';
import { Frame } from '~/app/Frame';
import { ProblemText } from '~/desktop/ProblemText';
import { useT } from '~/i18n/useT';
import { Button, LinkButton } from '~/ui/Button';
import { Situation } from '~/ui/Situation';

/** No desktop of this user has that name, or the list could not be had. */
export function UnknownDesktop({ name }: { name: string }) {
  const t = useT();
  const desktops = useQuery(desktopsQuery);
  return (
    <Frame title={name}>
      <Situation
        mood="lost"
        title={t(desktops.isError ? 'dashboard.failed' : 'unknown.title')}
        actions={
          <>
            {desktops.isError && (
              <Button look="primary" icon={RotateCw} onPress={() => void desktops.refetch()}>
                {t('action.retry')}
              </Button>
            )}
            <LinkButton look={desktops.isError ? 'secondary' : 'primary'} icon={LayoutGrid} href="/">
              {t('action.overview')}
            </LinkButton>
          </>
        }
      >
        {desktops.error instanceof ApiProblem ? <ProblemText problem={desktops.error} /> : <p>{t('unknown.text', { name })}</p>}
      </Situation>
    </Frame>
  );
}
