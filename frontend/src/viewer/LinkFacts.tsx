import { useIntl } from 'react-intl';
import { useT } from '~/i18n/useT';
import type { Link } from './link';
import { LinkIcon } from './LinkIcon';
import styles from './LinkFacts.module.css';

const LEVELS = { good: 'link.good', fair: 'link.fair', weak: 'link.weak' } as const;

/** How well the way to the desktop carries, in figures, each named for what it is. */
export function LinkFacts({ link: { level, answerTime, rate } }: { link: Link }) {
  const t = useT();
  const { formatNumber } = useIntl();
  const megabits = (rate * 8) / 1_000_000;
  return (
    <div className={styles.facts}>
      <LinkIcon level={level} />
      <p>
        <strong>{t(LEVELS[level])}</strong>
        <span>{answerTime === undefined ? t('link.measuring') : t('link.answers', { ms: Math.max(1, Math.round(answerTime)) })}</span>
        <span>{t('link.rate', { rate: formatNumber(megabits, { maximumFractionDigits: megabits < 10 ? 1 : 0 }) })}</span>
      </p>
    </div>
  );
}
