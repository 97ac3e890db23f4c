import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { LayoutGrid, Play, RotateCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '~/api/client';
import { answer, ApiProblem } from '~/api/problem';
import { desktopsQuery, templatesQuery } from '~/api/queries';
import type { Desktop } from '~/api/types';
import { Frame } from '~/app/Frame';
import { useT } from '~/i18n/useT';
import { heardSince, mark, merge } from '~/live/changes';
import { ProblemText } from '~/desktop/ProblemText';
import { StartProgress } from '~/desktop/StartProgress';
import { Button, LinkButton } from '~/ui/Button';
import { Situation } from '~/ui/Situation';
import { forgetStart, startWasAnnounced } from './startIntent';

/** Opened by the click on a card: asks for the desktop, then makes way for it. */
export default function StartPage({ slug }: { slug: string }) {
  const t = useT();
  const template = useQuery(templatesQuery).data?.find((one) => one.slug === slug);
  const name = template?.name ?? slug;
  const start = useStartDesktop(slug);
  const [announced] = useState(() => startWasAnnounced(slug));

  const { mutate } = start;
  useEffect(() => {
    if (announced) mutate();
  }, [announced, mutate]);

  const overview = (
    <LinkButton icon={LayoutGrid} href="/">
      {t('action.overview')}
    </LinkButton>
  );

  if (start.error) {
    return (
      <Frame title={name}>
        <Situation
          mood="broken"
          title={t('start.failedTitle', { name })}
          actions={
            <>
              <Button look="primary" icon={RotateCw} onPress={() => { mutate(); }}>
                {t('action.retry')}
              </Button>
              {overview}
            </>
          }
        >
          <ProblemText problem={start.error} />
        </Situation>
      </Frame>
    );
  }
  if (!announced && start.isIdle) {
    return (
      <Frame title={name}>
        <Situation
          mood="hello"
          title={t('start.askTitle', { name })}
          actions={
            <>
              <Button look="primary" icon={Play} onPress={() => { mutate(); }}>
                {t('action.start')}
              </Button>
              {overview}
            </>
          }
        >
          {template?.description && <p>{template.description}</p>}
        </Situation>
      </Frame>
    );
  }
  return (
    <Frame title={t('start.tab', { name })}>
      <StartProgress name={name} desktop={start.data} />
    </Frame>
  );
}

/** Asks for the caller's desktop of a template, wakes it if it sleeps, and goes to it. */
function useStartDesktop(slug: string) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  // One key for all tries: however often the request has to be sent, there is one desktop.
  const [key] = useState(newKey);
  return useMutation<Desktop, ApiProblem>({
    mutationFn: async () => {
      const begun = mark();
      const headers = { 'Idempotency-Key': key };
      let desktop = await answer(api.POST('/api/v1/desktops', { headers, body: { template: slug } }));
      if (desktop.state === 'stopped' || desktop.state === 'failed') {
        desktop = await answer(api.POST('/api/v1/desktops/{id}/start', { params: { path: { id: desktop.id } } }));
      }
      const answered = desktop;
      if (!heardSince(begun, answered.id)) client.setQueryData(desktopsQuery.queryKey, (list) => list && merge(list, answered));
      return answered;
    },
    onSuccess: ({ url }) => {
      forgetStart();
      navigate(url, { replace: true });
    },
  });
}

/** `crypto.randomUUID` exists on https only; schools try things on plain http first. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
