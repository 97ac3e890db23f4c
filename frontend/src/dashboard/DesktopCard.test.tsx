import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeAll, describe, expect, it } from 'vitest';
import { ME_KEY } from '~/api/client';
import { queryClient } from '~/api/queryClient';
import type { Desktop } from '~/api/types';
import { startWasAnnounced } from '~/start/startIntent';
import { aDesktop, aPerson, aTemplate } from '~/testing/desktop';
import { show } from '~/testing/render';
import { DesktopCard } from './DesktopCard';
import { tiles } from './tiles';

const card = (desktop?: Desktop, home: 'shared' | 'none' = 'shared') => {
  const [tile] = tiles([aTemplate({ home })], desktop ? [desktop] : []);
  return show(<ul>{tile && <DesktopCard tile={tile} tint={0} next />}</ul>);
};

// A click is made of several events here, and a button that gives way between them is clicked by nobody.
beforeAll(() => import('./CardMenuList'));

describe('a card', () => {
  it('of a running desktop leads back to it, always in the same tab', async () => {
    await card(aDesktop({ why: 'Läuft, weil du tippst.' }));
    const link = screen.getByRole('link', { name: /^Weiterarbeiten/ });
    expect(link).toHaveProperty('pathname', '/desktop/mia-linux/');
    expect(link.getAttribute('target')).toBe('pult-linux');
    expect(screen.getByText('Läuft, weil du tippst.')).toBeTruthy();
  });

  it('shows the start in the very click, and lets the start page act on it', async () => {
    await card();
    expect(startWasAnnounced('linux')).toBe(false);
    await userEvent.click(screen.getByRole('link', { name: /^Starten/ }));
    expect(startWasAnnounced('linux')).toBe(true);
    expect(startWasAnnounced('python')).toBe(false);
    expect(screen.getByText('Warteschlange')).toBeTruthy();
    expect(screen.getByRole('link', { name: /^Start ansehen/ })).toHaveProperty('pathname', '/start/linux');
  });

  it('does not show a start of long ago when the desktop has come and gone', async () => {
    const cards = (...own: Desktop[]) => <ul>{tiles([aTemplate()], own).map((tile) => <DesktopCard key={tile.slug} tile={tile} tint={0} next />)}</ul>;
    const { change } = await show(cards());
    await userEvent.click(screen.getByRole('link', { name: /^Starten/ }));
    change(cards(aDesktop()));
    change(cards());
    expect(screen.getByRole('link', { name: /^Starten/ })).toBeTruthy();
  });

  it('of a queued desktop tells place and estimate', async () => {
    await card(aDesktop({ state: 'queued', queue_position: 3, eta_seconds: 34 }));
    expect(screen.getByText('Warteschlange, Platz 3, noch etwa 40 Sek.')).toBeTruthy();
  });

  it('of a desktop without room tells what it waits for', async () => {
    await card(aDesktop({ state: 'queued', queue_position: 3, reason: 'waits_for_memory' }));
    expect(screen.getByText('Wartet auf freien Arbeitsspeicher, Platz 3')).toBeTruthy();
  });

  it('of a failed desktop tells the cause and what to report', async () => {
    await card(aDesktop({ id: 'id-to-report', state: 'failed', why: 'Das Image fehlt.' }));
    expect(screen.getByText('Das Image fehlt.')).toBeTruthy();
    expect(screen.getByText('id-to-report')).toBeTruthy();
    expect(screen.getByRole('link', { name: /^Neu starten/ })).toHaveProperty('pathname', '/start/linux');
  });

  it('asks before a reset and says what is lost and what stays', async () => {
    queryClient.setQueryData(ME_KEY, aPerson('student'));
    await card(aDesktop());
    await userEvent.click(screen.getByRole('button', { name: 'Mehr zu Linux' }));
    await userEvent.click(await screen.findByRole('menuitem', { name: /Zurücksetzen/ }));
    const dialog = await screen.findByRole('alertdialog');
    expect(dialog.textContent).toMatch(/Das geht verloren.*installierte Programme.*Das bleibt.*deine Dateien/);
  });

  it('does not promise files to a desktop without a home', async () => {
    await card(aDesktop(), 'none');
    await userEvent.click(screen.getByRole('button', { name: 'Mehr zu Linux' }));
    await userEvent.click(await screen.findByRole('menuitem', { name: /Zurücksetzen/ }));
    const dialog = await screen.findByRole('alertdialog');
    expect(dialog.textContent).toMatch(/Das geht verloren.*alle Dateien/);
    expect(dialog.textContent).not.toMatch(/Das bleibt/);
  });
});
