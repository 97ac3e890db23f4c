import type { Level } from './link';
import styles from './LinkIcon.module.css';

/** Three bars: how well the way to the desktop carries. Without a level there is no way. */
export function LinkIcon({ level }: { level: Level | undefined }) {
  const bars = level === undefined ? 0 : { weak: 1, fair: 2, good: 3 }[level];
  return (
    <svg className={styles.icon} width={20} height={20} viewBox="0 0 20 20" aria-hidden data-level={level ?? 'none'}>
      {[0, 1, 2].map((bar) => (
        <rect key={bar} x={2 + bar * 6} y={12 - bar * 5} width={4} height={6 + bar * 5} rx={1.25} data-on={bar < bars || undefined} />
      ))}
    </svg>
  );
}
