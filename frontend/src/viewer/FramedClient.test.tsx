import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { aDesktop } from '~/testing/desktop';
import { show } from '~/testing/render';
import { FramedClient } from './FramedClient';

describe('a desktop that the client from its image shows', () => {
  it('has it in a frame at its own address, and a way back', async () => {
    await show(<FramedClient desktop={aDesktop({ client: 'image:/usr/share/client' })} title="Linux" />);
    expect(screen.getByTitle('Desktop Linux').getAttribute('src')).toBe('/desktop/mia-linux/?client');
    expect(screen.getByRole('link', { name: 'Zur Übersicht' })).toHaveProperty('pathname', '/');
  });

  it('can be loaded anew without the page around it', async () => {
    await show(<FramedClient desktop={aDesktop({ client: 'image:/usr/share/client' })} title="Linux" />);
    const first = screen.getByTitle('Desktop Linux');
    await userEvent.click(screen.getByRole('button', { name: 'Anzeige neu laden' }));
    expect(screen.getByTitle('Desktop Linux')).not.toBe(first);
  });

  it('is warned of its stop outside of the frame, where the client cannot hide it', async () => {
    const soon = new Date(Date.now() + 150_000).toISOString();
    const past = new Date(Date.now() - 1_000).toISOString();
    await show(<FramedClient desktop={aDesktop({ warns_at: past, stops_at: soon, why: 'Niemand tippt.' })} title="Linux" />);
    expect(await screen.findByText('Niemand tippt.')).toBeTruthy();
  });
});
