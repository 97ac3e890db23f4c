import { useQuery } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { type ReactNode, Suspense } from 'react';
import { ApiProblem } from '~/api/problem';
import { meQuery, statusQuery } from '~/api/queries';
import { useT } from '~/i18n/useT';
import { useLive } from '~/live/useLive';
import { Button } from '~/ui/Button';
import { Situation } from '~/ui/Situation';
import { StopsSoonToasts } from './StopsSoonToasts';

/** Everything behind the sign-in. Without a session the 401 has already led to the sign-in page. */
export function SignedIn({ children }: { children: ReactNode }) {
  const t = useT();
  const me = useQuery({ ...meQuery, refetchInterval: ({ state }) => (state.status === 'error' ? 10_000 : false) });
  if (me.data) {
    return (
      <Live>
        <Suspense>{children}</Suspense>
      </Live>
    );
  }
  if (!me.error || (me.error instanceof ApiProblem && me.error.status === 401)) return null;
  return (
    <main>
      <title>Pult</title>
      <Situation
        mood="lost"
        title={t('unreachable.title')}
        actions={
          <Button look="primary" icon={RotateCw} onPress={() => void me.refetch()}>
            {t('action.retry')}
          </Button>
        }
      >
        <p>{t('unreachable.text')}</p>
      </Situation>
    </main>
  );
}

function Live({ children }: { children: ReactNode }) {
  useLive();
  // Nothing announces that a front proxy was mended, so while one is not, it is asked for now and then.
  useQuery({ ...statusQuery, refetchInterval: ({ state }) => (state.data?.streams_blocked ? 30_000 : false) });
  return (
    <>
      {children}
      <StopsSoonToasts />
    </>
  );
}
