import type { ReactNode, Ref } from 'react';
import { FieldError, Input, Label, TextField, type TextFieldProps } from 'react-aria-components';
import styles from './Field.module.css';

/** A labelled line of text. What is wrong with it stands below it. */
export function Field({ label, after, inputRef, ...rest }: {
  label: string;
  after?: ReactNode;
  inputRef?: Ref<HTMLInputElement>;
} & Omit<TextFieldProps, 'children' | 'className'>) {
  return (
    <TextField {...rest} className={styles.field}>
      <Label className={styles.label}>{label}</Label>
      <div className={styles.box}>
        <Input className={styles.input} ref={inputRef} autoCapitalize="none" />
        {after}
      </div>
      <FieldError className={styles.error} />
    </TextField>
  );
}
