import { useId } from 'react';
import styles from './Choice.module.css';

/** One of few, all in sight; what the chosen one means stands below. */
export function Choice<T extends string>({ title, options, chosen, onChoose, hint }: {
  title: string;
  options: readonly { value: T; label: string }[];
  chosen: T;
  onChoose: (value: T) => void;
  hint?: string;
}) {
  const id = useId();
  return (
    <fieldset className={styles.choice} aria-describedby={hint && `${id}-hint`}>
      <legend className={styles.title}>{title}</legend>
      <div className={styles.options}>
        {options.map(({ value, label }) => (
          <label key={value} className={styles.option}>
            <input type="radio" name={id} checked={value === chosen} onChange={() => { onChoose(value); }} />
            <span>{label}</span>
          </label>
        ))}
      </div>
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
    </fieldset>
  );
}
