import styles from './DeskScene.module.css';

/** What the screen on the desk feels. The words beside it say the same: the drawing is decoration. */
export type Mood = 'hello' | 'waiting' | 'preparing' | 'starting' | 'connecting' | 'ready' | 'asleep' | 'broken' | 'lost';

const MOUTHS: Record<Mood, string> = {
  hello: 'M186 124q14 13 28 0',
  ready: 'M182 120q18 19 36 0',
  waiting: 'M192 126h16',
  preparing: 'M190 126q10 5 20 0',
  starting: 'M192 126q8 6 16 0',
  connecting: 'M194 126q6 4 12 0',
  asleep: 'M194 126h12',
  broken: 'M184 129q16 -13 32 0',
  lost: 'M186 127q7 -6 14 0t14 0',
};

export function DeskScene({ mood }: { mood: Mood }) {
  const unplugged = mood === 'broken' || mood === 'lost';
  return (
    <svg viewBox="0 0 400 262" aria-hidden className={styles.scene} data-mood={mood}>
    <defs>
      <linearGradient id="lamplight" x1="0" y1="0" x2="0.35" y2="1">
        <stop offset="0" className={styles.glowFrom} />
        <stop offset="1" className={styles.glowTo} />
      </linearGradient>
    </defs>
    {!unplugged && <path className={styles.cable} d="M232 208q18 38 70 30q44 -7 62 24" />}
    <Desk />
    <Lamp />
    <Plant />
    <Mug />
    {mood === 'preparing' && <Boxes />}
    <g className={styles.monitor}>
      <path className={styles.metal} d="M188 166h24l4 28h-32z" />
      <rect className={styles.metal} x="164" y="191" width="72" height="9" rx="4.5" />
      <rect className={styles.metal} x="118" y="54" width="164" height="116" rx="16" />
      <rect className={styles.glass} x="127" y="63" width="146" height="98" rx="9" />
      {mood === 'ready' && <Windows />}
      <Face mood={mood} />
    </g>
    {mood === 'connecting' && <Signal />}
    {mood === 'asleep' && <Sleep />}
    {unplugged && <Plug />}
  </svg>
  );
}

const Desk = () => (
  <g>
    <path className={styles.edge} d="M58 214h18l-6 46h-9zM342 214h-18l6 46h9z" />
    <rect className={styles.wood} x="22" y="199" width="356" height="16" rx="8" />
    <path className={styles.edge} d="M24 209h352q-2 6 -8 6H32q-6 0 -8 -6z" />
  </g>
);

const Lamp = () => (
  <g>
    <path className={styles.light} d="M84 92l28 -12q58 60 76 119H22q22 -66 62 -107z" />
    <path className={styles.arm} d="M66 194L48 138l42 -46" />
    <circle className={styles.metal} cx="48" cy="138" r="6" />
    <rect className={styles.metal} x="44" y="191" width="46" height="9" rx="4.5" />
    <circle className={styles.bulb} cx="99" cy="91" r="9" />
    <path className={styles.shade} d="M76 86q-2 -22 18 -29q10 -3 13 5l10 20q2 5 -3 7l-32 13q-5 2 -6 -4z" />
  </g>
);

const Plant = () => (
  <g>
    <g className={styles.leaves}>
      <path className={styles.leaf} d="M328 174q-26 -12 -24 -44q24 8 24 44z" />
      <path className={styles.leaf} d="M328 174q-4 -36 14 -56q16 30 -14 56z" />
      <path className={styles.leaf} d="M328 174q6 -26 32 -30q-4 26 -32 30z" />
    </g>
    <path className={styles.pot} d="M308 172h42l-5 25q-1 3 -4 3h-24q-3 0 -4 -3z" />
  </g>
);

const Mug = () => (
  <g>
    <path className={styles.steam} d="M264 172q-5 -6 0 -11t0 -11M274 172q-5 -6 0 -11t0 -11" />
    <path className={styles.handle} d="M280 182q9 0 9 6t-9 6" />
    <path className={styles.mug} d="M257 177h24v17q0 6 -6 6h-12q-6 0 -6 -6z" />
  </g>
);

const Boxes = () => (
  <g>
    <rect className={styles.box} x="106" y="175" width="24" height="24" rx="4" />
    <rect className={styles.box} x="134" y="175" width="24" height="24" rx="4" />
    <rect className={styles.box} x="120" y="149" width="24" height="24" rx="4" />
  </g>
);

const Windows = () => (
  <g className={styles.windows}>
    <rect x="136" y="72" width="46" height="32" rx="5" />
    <rect x="222" y="118" width="42" height="34" rx="5" />
  </g>
);

const Face = ({ mood }: { mood: Mood }) => (
  <g className={styles.face}>
    {mood === 'asleep' ? (
      <path className={styles.stroke} d="M174 106q8 6 16 0M210 106q8 6 16 0" />
    ) : mood === 'ready' ? (
      <path className={styles.stroke} d="M172 108q8 -12 16 0M212 108q8 -12 16 0" />
    ) : (
      <g className={styles.eyes}>
        <ellipse cx="181" cy="102" rx="6.5" ry="8" />
        <ellipse cx="219" cy="102" rx="6.5" ry="8" />
      </g>
    )}
    <path className={styles.stroke} d={MOUTHS[mood]} />
  </g>
);

const Signal = () => (
  <g className={styles.signal}>
    <path d="M190 44q10 -8 20 0" />
    <path d="M180 33q20 -16 40 0" />
    <path d="M170 22q30 -24 60 0" />
  </g>
);

const Sleep = () => (
  <g className={styles.sleep}>
    <path d="M284 60h12l-12 14h12" />
    <path d="M302 36h16l-16 19h16" />
  </g>
);

const Plug = () => (
  <g>
    <path className={styles.cable} d="M232 205q24 16 44 5t32 -7" />
    <rect className={styles.metal} x="306" y="195" width="20" height="13" rx="4" transform="rotate(-8 316 201)" />
    <path className={styles.prongs} d="M326 197l10 -1M327 204l10 -1" />
  </g>
);
