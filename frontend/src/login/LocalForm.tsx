import { useMutation } from '@tanstack/react-query';
import { Eye, EyeOff, LogIn } from 'lucide-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { ApiProblem, UNREACHABLE } from '~/api/problem';
import { serverNow } from '~/api/serverClock';
import { signIn } from '~/app/session';
import { useNow } from '~/app/useNow';
import { type Translate, useT } from '~/i18n/useT';
import { Button, IconButton } from '~/ui/Button';
import { Field } from '~/ui/Field';
import styles from './LocalForm.module.css';

/** Name and password of an account that lives in Pult itself. */
export function LocalForm({ look }: { look: 'primary' | 'secondary' }) {
  const t = useT();
  const [shown, setShown] = useState(false);
  const [barredUntil, setBarredUntil] = useState(0);
  const password = useRef<HTMLInputElement>(null);
  const submit = useMutation({
    mutationFn: ({ name, secret }: { name: string; secret: string }) => signIn(name, secret),
    onError: (error) => {
      if (error instanceof ApiProblem && error.retryAfter) setBarredUntil(serverNow() + error.retryAfter * 1_000);
    },
  });
  const problem = submit.error instanceof ApiProblem ? submit.error : undefined;
  const wait = Math.max(0, Math.ceil((barredUntil - useNow('second')) / 1_000));

  useEffect(() => {
    if (problem?.code === 'credentials_wrong') password.current?.select();
  }, [problem]);

  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    submit.mutate({ name: text(data, 'username').trim(), secret: text(data, 'password') });
  };

  return (
    <form className={styles.form} onSubmit={send}>
      <Field label={t('login.username')} name="username" autoComplete="username" spellCheck="false" isRequired />
      <Field
        label={t('login.password')}
        name="password"
        type={shown ? 'text' : 'password'}
        autoComplete="current-password"
        isRequired
        inputRef={password}
        after={
          <IconButton
            icon={shown ? EyeOff : Eye}
            label={t(shown ? 'login.hidePassword' : 'login.showPassword')}
            onPress={() => { setShown(!shown); }}
          />
        }
      />
      <div role="alert">{problem && <p className={styles.problem}>{explain(t, problem, wait)}</p>}</div>
      <Button type="submit" look={look} icon={LogIn} wide isPending={submit.isPending} isDisabled={wait > 0}>
        {submit.isPending ? t('login.pending') : t('login.submit')}
      </Button>
    </form>
  );
}

const text = (data: FormData, name: string) => {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
};

function explain(t: Translate, { code, detail }: ApiProblem, wait: number): string {
  if (code === 'credentials_wrong') return t('login.wrong');
  if (code === 'too_many_attempts') return wait > 0 ? t('login.wait', { seconds: wait }) : t('login.waited');
  if (code === UNREACHABLE) return t('unreachable.title');
  return detail || t('problem.unknown');
}
