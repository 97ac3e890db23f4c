import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { desktopsQuery, templatesQuery } from '~/api/queries';
import { Frame } from '~/app/Frame';
import { StartProgress } from '~/desktop/StartProgress';
import { isOnItsWay } from '~/desktop/stateView';
import { FramedClient } from './FramedClient';
import { NotRunning } from './NotRunning';
import { OwnClient } from './OwnClient';
import { RemovedDesktop } from './RemovedDesktop';
import { UnknownDesktop } from './UnknownDesktop';

// Fetched while the start is shown, so that both are there when the desktop is.
const viewer = import('./Viewer');
const Viewer = lazy(() => viewer);
void import('./connection');

/** The page of one desktop, whatever state it is in. It follows the desktop from start to stop by itself. */
export default function DesktopPage({ name }: { name: string }) {
  const desktops = useQuery(desktopsQuery);
  const templates = useQuery(templatesQuery);
  const desktop = desktops.data?.find((one) => one.name === name);
  const template = templates.data?.find(({ slug }) => slug === desktop?.template);
  const title = template?.name ?? desktop?.template ?? name;
  const [known, setKnown] = useState<{ slug: string; title: string }>();
  if (desktop && known?.title !== title) setKnown({ slug: desktop.template, title });

  // Whoever saw the start goes on seeing it until there is a picture; who comes back to a running desktop gets the stage at once.
  const running = desktop?.state === 'running';
  const [sawStart, setSawStart] = useState(false);
  const [onStage, setOnStage] = useState(false);
  if (desktop && isOnItsWay(desktop) && !sawStart) setSawStart(true);
  if (!running && onStage) setOnStage(false);
  const stage = onStage || !sawStart;

  // The template has its name.
  if (desktops.isPending || templates.isPending) return <title>Pult</title>;
  if (!desktop) return known ? <RemovedDesktop {...known} /> : <UnknownDesktop name={name} />;
  if (running && desktop.client === 'container') return <OwnClient desktop={desktop} title={title} leave={sawStart} />;
  // Another start is another frame: whatever the last one was told, or lost, is forgotten.
  if (running && desktop.client !== 'novnc') return <FramedClient key={desktop.started_at} desktop={desktop} title={title} />;
  return (
    <>
      {running && (
        <Suspense>
          <Viewer desktop={desktop} title={title} onStage={stage} onEnter={setOnStage} />
        </Suspense>
      )}
      {!(running && stage) && (
        <Frame title={title}>
          {running || isOnItsWay(desktop) ? (
            <StartProgress name={title} desktop={desktop} connecting={running} />
          ) : (
            <NotRunning desktop={desktop} title={title} />
          )}
        </Frame>
      )}
    </>
  );
}
