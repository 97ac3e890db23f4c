import { useQuery } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { ApiProblem } from '~/api/problem';
import { desktopsQuery, templatesQuery } from '~/api/queries';
import { Frame } from '~/app/Frame';
import { greetedAs, useMe } from '~/app/session';
import { ProblemText } from '~/desktop/ProblemText';
import { stateView } from '~/desktop/stateView';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import page from '~/ui/Page.module.css';
import { Situation } from '~/ui/Situation';
import styles from './DashboardPage.module.css';
import { DesktopCard } from './DesktopCard';
import { StateNews } from './StateNews';
import { type Tile, tiles, tints } from './tiles';
import { useCalmOrder } from './useCalmOrder';

export default function DashboardPage() {
  const t = useT();
  const templates = useQuery(templatesQuery);
  const desktops = useQuery(desktopsQuery);
  const error = templates.error ?? desktops.error;
  return (
    <Frame title={t('dashboard.title')}>
      {templates.data && desktops.data ? (
        <Desktops all={tiles(templates.data, desktops.data)} />
      ) : error ? (
        <Situation
          mood="lost"
          title={t('dashboard.failed')}
          actions={
            <Button look="primary" icon={RotateCw} onPress={() => void Promise.all([templates.refetch(), desktops.refetch()])}>
              {t('action.retry')}
            </Button>
          }
        >
          {error instanceof ApiProblem && <ProblemText problem={error} />}
        </Situation>
      ) : (
        <Loading />
      )}
    </Frame>
  );
}

function Desktops({ all }: { all: Tile[] }) {
  const t = useT();
  const me = useMe();
  const shown = useCalmOrder(all);
  const first = shown[0];
  const colours = tints(all.map(({ slug }) => slug));
  if (!first) {
    return (
      <Situation mood="asleep" title={t('dashboard.emptyTitle')} focus={false}>
        <p>{t(me?.role === 'admin' ? 'dashboard.emptyAdmin' : 'dashboard.emptyText')}</p>
      </Situation>
    );
  }
  const going = shown.some(({ desktop }) => stateView(desktop).action === 'open');
  return (
    <div className={page.page}>
      <h1 className={page.title}>{t('dashboard.greeting', { name: greetedAs(me) })}</h1>
      <p className={page.lead}>{t(going ? 'dashboard.leadResume' : 'dashboard.lead')}</p>
      <ul className={styles.grid}>
        {shown.map((tile) => (
          <DesktopCard key={tile.slug} tile={tile} tint={colours.get(tile.slug)} next={stateView(tile.desktop).action === 'open' || (!going && tile === first)} />
        ))}
      </ul>
      <StateNews tiles={all} />
    </div>
  );
}

/** The shape of what comes, so that nothing jumps when it comes. */
function Loading() {
  const t = useT();
  return (
    <div className={page.page} role="status">
      <span className="unseen">{t('dashboard.loading')}</span>
      <div className={styles.ghostTitle} />
      <div className={styles.grid} aria-hidden>
        {[0, 1, 2].map((index) => (
          <div key={index} className={styles.ghost} />
        ))}
      </div>
    </div>
  );
}
