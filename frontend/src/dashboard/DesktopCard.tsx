import { ArrowRight, Eye, Play, RotateCw } from 'lucide-react';
import { useId } from 'react';
import { useT } from '~/i18n/useT';
import { Lookers } from '~/desktop/Lookers';
import { type StateView, stateView } from '~/desktop/stateView';
import { useDesktopAction } from '~/desktop/useDesktopAction';
import { announceStart } from '~/start/startIntent';
import { Button, LinkButton } from '~/ui/Button';
import { StatePill } from '~/ui/StatePill';
import { CardArt } from './CardArt';
import { CardFacts } from './CardFacts';
import { CardMenu } from './CardMenu';
import { CardProblem } from './CardProblem';
import styles from './DesktopCard.module.css';
import type { Tile } from './tiles';
import { useOpening } from './useOpening';

/** A desktop, or what could be one: how it is, and the one thing to do next. `next` marks the obvious choice of the page. */
export function DesktopCard({ tile, tint, next }: { tile: Tile; tint: number | undefined; next: boolean }) {
  const heading = useId();
  const { desktop, name } = tile;
  const action = useDesktopAction(desktop);
  const [opening, setOpening] = useOpening(desktop);
  const view: StateView = opening ? stateView({ state: 'requested' }) : stateView(desktop);

  return (
    <li className={styles.card} aria-labelledby={heading} data-tone={view.tone} data-tint={tint}>
      <CardArt icon={tile.icon} tone={view.tone} />
      <div className={styles.body}>
        <h2 id={heading} className={styles.name}>
          {name}
        </h2>
        <div className={styles.state}>
          <StatePill view={view} />
        </div>
        {tile.description && <p className={styles.description}>{tile.description}</p>}
        {desktop && <Lookers grants={desktop.grants} />}
        <CardFacts desktop={desktop} opening={opening} />
        {action.problem && <CardProblem problem={action.problem} onClose={action.forgetProblem} />}
        <div className={styles.actions}>
          <NextStep tile={tile} view={view} look={next ? 'primary' : 'secondary'} onStart={() => { setOpening(true); }} />
          {desktop && <CardMenu desktop={desktop} name={name} home={tile.template?.home ?? 'shared'} run={action.run} />}
        </div>
      </div>
    </li>
  );
}

type NextStepProps = { tile: Tile; view: StateView; look: 'primary' | 'secondary'; onStart: () => void };

function NextStep({ tile: { slug, name, desktop, template }, view, look, onStart }: NextStepProps) {
  const t = useT();
  if (view.action === 'wait') {
    return (
      <Button wide isDisabled>
        {t(view.label)}
      </Button>
    );
  }
  const starts = view.action === 'start';
  const kind = starts && desktop?.state === 'failed' ? 'again' : view.action;
  const { icon, label, named } = NEXT[kind];
  const toDesktop = desktop !== undefined && !starts;
  const ownClient = template?.client === 'container';
  return (
    <LinkButton
      look={look}
      wide
      icon={icon}
      href={toDesktop ? desktop.url : `/start/${encodeURIComponent(slug)}`}
      // One tab for each desktop: a second click brings the first one back.
      target={`pult-${slug}`}
      // A page that is not ours gets no hold on this one.
      rel={toDesktop && ownClient ? 'noopener' : undefined}
      aria-label={t(named, { name })}
      onPress={() => {
        if (!starts) return;
        announceStart(slug);
        onStart();
      }}
    >
      {t(label)}
    </LinkButton>
  );
}

const NEXT = {
  open: { icon: ArrowRight, label: 'action.resume', named: 'action.resumeNamed' },
  watch: { icon: Eye, label: 'action.watch', named: 'action.watchNamed' },
  start: { icon: Play, label: 'action.start', named: 'action.startNamed' },
  again: { icon: RotateCw, label: 'action.startAgain', named: 'action.startAgainNamed' },
} as const;
