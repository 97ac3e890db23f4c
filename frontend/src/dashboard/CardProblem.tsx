import { X } from 'lucide-react';
import type { ApiProblem } from '~/api/problem';
import { ProblemText } from '~/desktop/ProblemText';
import { useT } from '~/i18n/useT';
import { IconButton } from '~/ui/Button';
import styles from './CardProblem.module.css';

/** A click that the server refused: said where it was made. */
export function CardProblem({ problem, onClose }: { problem: ApiProblem; onClose: () => void }) {
  const t = useT();
  return (
    <div role="alert" className={styles.problem}>
      <div>
        <ProblemText problem={problem} />
      </div>
      <IconButton icon={X} label={t('action.close')} onPress={onClose} />
    </div>
  );
}
