import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Label, TextArea, TextField } from 'react-aria-components';
import { providersQuery } from '~/api/queries';
import { Frame } from '~/app/Frame';
import { ProblemText } from '~/desktop/ProblemText';
import { useT } from '~/i18n/useT';
import { Button } from '~/ui/Button';
import page from '~/ui/Page.module.css';
import { claimsOf } from './claims';
import styles from './IdentityPage.module.css';
import { Somebody } from './Somebody';
import { usePreview } from './usePreview';

/** Who somebody with these claims would be, and by which rule: the decision of a sign-in, without anybody signing in. */
export default function IdentityPage() {
  const t = useT();
  const { data: providers } = useQuery(providersQuery);
  const [text, setText] = useState('');
  const [provider, setProvider] = useState('');
  const [isJson, setIsJson] = useState(true);
  const { ask, pending, somebody, problem, forget } = usePreview();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const claims = claimsOf(text);
    setIsJson(claims !== undefined);
    if (claims) ask({ claims, ...(provider && { provider }) });
    else forget();
  };
  return (
    <Frame title={t('identity.title')}>
      <div className={page.page}>
        <h1 className={page.title}>{t('identity.title')}</h1>
        <p className={page.lead}>{t('identity.lead')}</p>
        {providers?.length === 0 ? (
          <p className={styles.form}>{t('identity.noProvider')}</p>
        ) : (
          <form className={styles.form} onSubmit={submit}>
            {providers && providers.length > 1 && (
              <label className={styles.field}>
                <span className={styles.label}>{t('identity.provider')}</span>
                <select className={styles.input} value={provider} onChange={(event) => { setProvider(event.target.value); }}>
                  {providers.map(({ id, name }) => (
                    <option key={id} value={id}>
                      {name}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <TextField className={styles.field} value={text} onChange={setText} isInvalid={!isJson} isRequired validationBehavior="aria">
              <Label className={styles.label}>{t('identity.claims')}</Label>
              <TextArea className={`${styles.input} ${styles.claims}`} rows={12} spellCheck="false" placeholder={EXAMPLE} aria-describedby="claims-wrong" />
            </TextField>
            <p id="claims-wrong" role="alert" className={styles.wrong}>
              {!isJson && t('identity.notJson')}
            </p>
            <div>
              <Button look="primary" type="submit" icon={Search} isPending={pending}>
                {t('identity.ask')}
              </Button>
            </div>
          </form>
        )}
        {problem && (
          <div role="alert" className={styles.wrong}>
            <ProblemText problem={problem} />
          </div>
        )}
        <section role="status" aria-label={t('identity.answer')}>
          {somebody && <Somebody somebody={somebody} />}
        </section>
      </div>
    </Frame>
  );
}

const EXAMPLE = JSON.stringify(
  { sub: '1', preferred_username: 'mia.maier', name: 'Mia Maier', 'iserv:groups': { 4711: { act: 'klasse.8d', name: 'Klasse 8D' } }, 'iserv:roles': ['ROLE_STUDENT'] },
  null,
  2,
);
