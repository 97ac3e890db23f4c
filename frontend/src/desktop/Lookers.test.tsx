import { screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { Grant } from '~/api/types';
import { show } from '~/testing/render';
import { Lookers } from './Lookers';

function aGrant(more: Partial<Grant> = {}): Grant {
  const minutes = (count: number) => new Date(Date.now() + count * 60_000).toISOString();
  return { id: 'g1', holder: 'Frau Admin', reason: 'Der Drucker fehlt', created_at: minutes(-1), until: minutes(29), entered_at: null, ...more };
}

describe('who may look into a desktop', () => {
  it('is told with the reason and the end, and whether they did', async () => {
    await show(<Lookers grants={[aGrant(), aGrant({ id: 'g2', holder: 'Herr Amt', entered_at: new Date().toISOString() })]} />);
    const [first, second] = screen.getAllByRole('listitem');
    expect(first?.textContent).toMatch(/^Frau Admin darf bis .*\d\d:\d\d hineinsehen\. Grund: Der Drucker fehlt/);
    expect(first?.textContent).not.toMatch(/Zuletzt/);
    expect(second?.textContent).toMatch(/Herr Amt.*Zuletzt hineingesehen: gerade eben/);
  });

  it('is nobody when the time is over', async () => {
    await show(<Lookers grants={[aGrant({ until: new Date(Date.now() - 2_000).toISOString() })]} />);
    expect(screen.queryByRole('list')).toBeNull();
  });
});
