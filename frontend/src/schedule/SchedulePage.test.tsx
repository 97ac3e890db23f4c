import { screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ME_KEY } from '~/api/client';
import { queryClient } from '~/api/queryClient';
import type { ScheduledJob } from '~/api/types';
import { aPerson } from '~/testing/desktop';
import { show } from '~/testing/render';
import SchedulePage from './SchedulePage';

function aJob(more: Partial<ScheduledJob> = {}): ScheduledJob {
  return {
    name: 'images', title: 'Images der Vorlagen', description: 'Prüft die Images.', cron: null, every_seconds: 600, time_zone: null,
    last_started_at: '2026-11-25T07:00:00Z', last_finished_at: '2026-11-25T07:00:01Z', last_result: 'ok', message: 'Alle da: 3.',
    next_run_at: '2026-11-25T07:10:00Z', running: false, run_requested: false, ...more,
  };
}

/** A server whose jobs the test sets, and what it was asked to do. */
function aServer(jobs: ScheduledJob[]) {
  const wishes: Request[] = [];
  const world = { jobs, wishes };
  const json = (body: unknown, status: number) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
  vi.stubGlobal('fetch', (request: Request) => {
    if (request.method === 'GET') return Promise.resolve(json({ items: world.jobs, next_cursor: null }, 200));
    wishes.push(request);
    const name = /schedule\/([^/]+)\/run$/.exec(request.url)?.[1];
    world.jobs = world.jobs.map((job) => (job.name === name ? { ...job, run_requested: true } : job));
    return Promise.resolve(json(world.jobs.find((job) => job.name === name), 202));
  });
  return world;
}

const card = async (title: string) => within((await screen.findByRole('heading', { name: title })).closest('li') ?? document.body);

describe('the schedule', () => {
  beforeEach(() => {
    queryClient.setQueryData(ME_KEY, aPerson('admin'));
  });

  it('says of each job how it went, by which rule, and why it failed', async () => {
    aServer([
      aJob(),
      aJob({ name: 'nightly_stop', title: 'Nachtruhe', every_seconds: null, cron: '0 22 * * *', time_zone: 'Europe/Berlin', last_started_at: null, last_finished_at: null, last_result: null, message: null }),
      aJob({ name: 'sessions', title: 'Anmeldungen', last_result: 'failed', message: 'Fehlgeschlagen: the database failed' }),
      aJob({ name: 'audit_retention', title: 'Protokoll', every_seconds: null, next_run_at: null }),
    ]);
    await show(<SchedulePage />);
    const images = await card('Images der Vorlagen');
    expect(images.getByText('Erledigt')).toBeTruthy();
    expect(images.getByText('Alle 10 Minuten')).toBeTruthy();
    const nightly = await card('Nachtruhe');
    expect(nightly.getByText('0 22 * * * (Europe/Berlin)')).toBeTruthy();
    expect(nightly.getAllByText('Noch nie').length).toBe(2);
    expect((await card('Anmeldungen')).getByText('Fehlgeschlagen: the database failed')).toBeTruthy();
    expect((await card('Protokoll')).getByText('Nur auf Wunsch')).toBeTruthy();
  });

  it('has a job run now, and tells what came of it', async () => {
    const server = aServer([aJob()]);
    await show(<SchedulePage />);
    const images = await card('Images der Vorlagen');
    await userEvent.click(images.getByRole('button', { name: 'Jetzt ausführen: Images der Vorlagen' }));
    await waitFor(() => { expect(images.getByRole('status').textContent).toBe('Images der Vorlagen: Vorgemerkt'); });
    expect(server.wishes.map(({ url }) => new URL(url).pathname)).toEqual(['/api/v1/schedule/images/run']);
    expect(server.wishes[0]?.headers.get('X-CSRF-Token')).toBe('token-of-mia');
    server.jobs = [aJob({ message: 'Auf dem Server fehlen: a:1.' })];
    await waitFor(() => { expect(images.getByRole('status').textContent).toBe('Images der Vorlagen: Auf dem Server fehlen: a:1.'); });
  });

  it('asks before it stops the desktops of a whole school', async () => {
    const server = aServer([aJob({ name: 'nightly_stop', title: 'Nachtruhe' })]);
    await show(<SchedulePage />);
    const nightly = await card('Nachtruhe');
    await userEvent.click(nightly.getByRole('button'));
    await userEvent.click(screen.getByRole('button', { name: 'Abbrechen' }));
    expect(server.wishes).toEqual([]);
    await userEvent.click(nightly.getByRole('button'));
    await userEvent.click(screen.getByRole('button', { name: 'Alle anhalten' }));
    await waitFor(() => { expect(server.wishes.length).toBe(1); });
  });
});
