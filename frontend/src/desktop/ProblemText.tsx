import { type ApiProblem, UNREACHABLE } from '~/api/problem';
import { useT } from '~/i18n/useT';
import { ReportId } from './ReportId';

/** Why a call failed, in plain words, and what to tell the administrator. */
export function ProblemText({ problem }: { problem: ApiProblem }) {
  const t = useT();
  return (
    <>
      <p>{problem.code === UNREACHABLE ? t('unreachable.title') : problem.detail || t('problem.unknown')}</p>
      {problem.requestId && <ReportId id={problem.requestId} />}
    </>
  );
}
