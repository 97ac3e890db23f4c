import { screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { show } from '~/testing/render';
import { BlockingFronts } from './BlockingFronts';
import { write } from './preferences';

const remedy = 'ProxyPass "/" "http://127.0.0.1:8080/" upgrade=websocket timeout=3600';
const apache = { proxy: 'Apache', remedy, last_seen_at: '2026-11-25T08:00:00.000001Z', count: 3 };

beforeEach(() => { write('pult.blockingFrontsDismissed', null); });

test('an administrator reads which proxy it is and the line to write', async () => {
  await show(<BlockingFronts fronts={[apache, { ...apache, proxy: null, remedy: 'something' }]} />);
  expect(screen.getByText(/^Apache lässt/)).toBeTruthy();
  expect(screen.getByText(/^Ein Proxy vor Pult lässt/)).toBeTruthy();
  expect(screen.getByText(remedy)).toBeTruthy();
});

test('it is dismissed until it happens again', async () => {
  const { change } = await show(<BlockingFronts fronts={[apache]} />);
  await userEvent.click(screen.getByRole('button', { name: 'Ausblenden' }));
  expect(screen.queryByText(remedy)).toBeNull();
  change(<BlockingFronts fronts={[{ ...apache, last_seen_at: '2026-11-25T08:00:01.000001Z' }]} />);
  expect(screen.getByText(remedy)).toBeTruthy();
});
