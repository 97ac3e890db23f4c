import { useQuery } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { lazy, Suspense, useEffect } from 'react';
import { useLocation, useSearch } from 'wouter';
import { authMethodsQuery, meQuery } from '~/api/queries';
import { safeNext } from '~/app/next';
import { tellSignedOut } from '~/app/session';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import { DeskScene } from '~/ui/DeskScene';
import { Mark } from '~/ui/Mark';
import styles from './LoginPage.module.css';
import { LocalForm } from './LocalForm';
import { ProviderLinks } from './ProviderLinks';
import { straightOn } from './straightOn';

// Fetched after the first picture, like all menus.
const LookSwitches = lazy(() => import('./LookSwitches'));

export default function LoginPage() {
  const t = useT();
  const [, navigate] = useLocation();
  const query = useSearch();
  const next = safeNext(new URLSearchParams(query).get('next'));
  const signedOut = new URLSearchParams(query).has('signed_out');
  const methods = useQuery(authMethodsQuery);
  const me = useQuery({ ...meQuery, retry: false });

  useEffect(() => {
    if (!me.data) return;
    // A desktop's page may come from its image or its own host, and not from this app: let the server decide.
    if (/^\/(desktop|enter)\//.test(next)) window.location.replace(next);
    else navigate(next, { replace: true });
  }, [me.data, navigate, next]);

  useEffect(() => {
    if (signedOut) tellSignedOut();
  }, [signedOut]);

  const isNobody = me.isError;
  useEffect(() => {
    const way = isNobody && methods.data && straightOn(methods.data, new URLSearchParams(query), next);
    if (way) window.location.replace(way);
  }, [isNobody, methods.data, query, next]);

  return (
    <div className={styles.page}>
      <title>{`${t('login.title')} – Pult`}</title>
      <div className={styles.picture}>
        <DeskScene mood="hello" />
      </div>
      <main className={styles.main}>
        <div className={styles.card}>
          <div className={styles.brand}>
            <Mark size={40} />
            <span>Pult</span>
          </div>
          <h1 className={styles.title}>{t('login.title')}</h1>
          <p className={styles.lead} role={signedOut ? 'status' : undefined}>{t(signedOut ? 'login.signedOut' : 'login.lead')}</p>
          {methods.data && <ProviderLinks providers={methods.data.providers} next={next} />}
          {methods.data?.oidc && methods.data.local && <p className={styles.or}>{t('login.or')}</p>}
          {methods.data?.local && <LocalForm look={methods.data.oidc ? 'secondary' : 'primary'} />}
          {methods.data && !methods.data.local && !methods.data.oidc && <p role="alert">{t('login.noWay')}</p>}
          {methods.isError && (
            <div role="alert" className={styles.unreachable}>
              <p>{t('unreachable.title')}</p>
              <Button icon={RotateCw} onPress={() => void methods.refetch()}>
                {t('action.retry')}
              </Button>
            </div>
          )}
        </div>
        <Suspense>
          <LookSwitches />
        </Suspense>
      </main>
    </div>
  );
}
