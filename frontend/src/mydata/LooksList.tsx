import { useInfiniteQuery } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { ApiProblem } from '~/api/problem';
import { looksQuery } from '~/api/queries';
import type { Look } from '~/api/types';
import { useNow } from '~/app/useNow';
import { ProblemText } from '~/desktop/ProblemText';
import { useT } from '~/i18n/useT';
import { useTimes } from '~/i18n/useTimes';
import { Button } from '~/ui/Button';
import styles from './LooksList.module.css';

/** Who looked at the desktops of who is signed in, newest first. */
export function LooksList() {
  const t = useT();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(looksQuery);
  if (!data) {
    if (!error) return <p role="status">{t('looks.loading')}</p>;
    return (
      <div role="alert" className={styles.failed}>
        <p>{t('looks.unavailable')}</p>
        {error instanceof ApiProblem && <ProblemText problem={error} />}
        <Button icon={RotateCw} onPress={() => void refetch()}>
          {t('action.retry')}
        </Button>
      </div>
    );
  }
  const looks = data.pages.flatMap(({ items }) => items);
  if (looks.length === 0) return <p className={styles.none}>{t('looks.none')}</p>;
  return (
    <>
      <ul className={styles.list}>
        {looks.map((look) => (
          <LookLine key={look.id} look={look} />
        ))}
      </ul>
      {hasNextPage && (
        <Button isDisabled={isFetchingNextPage} onPress={() => void fetchNextPage()}>
          {t('looks.more')}
        </Button>
      )}
    </>
  );
}

function LookLine({ look }: { look: Look }) {
  const t = useT();
  const times = useTimes();
  const now = useNow('minute');
  return (
    <li className={styles.look}>
      <p>{t('looks.line', { who: look.viewer ?? t('looks.gone'), desktop: look.desktop })}</p>
      <p className={styles.facts}>
        <time dateTime={look.at}>{times.ago(look.at, now)}</time>
        {look.reason && ` · ${t('looks.reason', { reason: look.reason })}`}
      </p>
    </li>
  );
}
