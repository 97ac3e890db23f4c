import { screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ME_KEY } from '~/api/client';
import { queryClient } from '~/api/queryClient';
import type { Identity } from '~/api/types';
import { aPerson } from '~/testing/desktop';
import { show } from '~/testing/render';
import { claimsOf } from './claims';
import IdentityPage from './IdentityPage';

const teacher: Identity = {
  issuer: 'https://school.example', subject: '4711', username: 'k.brandt', display_name: 'Katrin Brandt', role: 'teacher',
  because: { rule: 'teacher_roles', word: 'ROLE_TEACHER' }, groups: ['Klasse 8D', 'Kollegium'],
};

/** A server with these providers, its answer, and what it was asked. */
function aServer(answer: unknown, status = 200, providers = ['iserv']) {
  const asked: unknown[] = [];
  const json = (body: unknown, status: number) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'GET') return json({ items: providers.map((id) => ({ id, name: `Schule ${id}` })), next_cursor: null }, 200);
    asked.push(await request.json());
    return json(answer, status);
  });
  return asked;
}

/** Pasted, as one does it; typed, braces would be keys to the tests' library. */
async function ask(claims: string) {
  const field = await screen.findByRole('textbox', { name: 'Was der Anbieter sagt (JSON)' });
  await userEvent.clear(field);
  await userEvent.click(field);
  await userEvent.paste(claims);
  await userEvent.tab();
  await userEvent.keyboard('{Enter}');
}

describe('who somebody would be', () => {
  beforeEach(() => {
    queryClient.setQueryData(ME_KEY, aPerson('admin'));
  });

  it('is shown with role, rule and groups, by the keyboard alone', async () => {
    const asked = aServer(teacher);
    await show(<IdentityPage />);
    await ask('{"sub": "4711", "roles": ["ROLE_TEACHER"]}');
    expect(await screen.findByRole('heading', { name: 'Katrin Brandt' })).toBeTruthy();
    expect(screen.getByText('Lehrkraft')).toBeTruthy();
    expect(screen.getByText('Die Regel teacher_roles, wegen „ROLE_TEACHER“')).toBeTruthy();
    expect(screen.getByText('Klasse 8D, Kollegium')).toBeTruthy();
    expect(asked).toEqual([{ claims: { sub: '4711', roles: ['ROLE_TEACHER'] } }]);
  });

  it('says that no rule is why somebody is a pupil', async () => {
    const { because, ...pupil } = { ...teacher, role: 'student' as const };
    expect(because).toBeTruthy();
    aServer({ ...pupil, groups: [] });
    await show(<IdentityPage />);
    await ask('{"sub": "1"}');
    expect(await screen.findByText('Keine Regel trifft zu')).toBeTruthy();
    expect(screen.getByText('Keine')).toBeTruthy();
  });

  it('is asked of the provider that is chosen', async () => {
    const asked = aServer(teacher, 200, ['iserv', 'zweite']);
    await show(<IdentityPage />);
    await userEvent.selectOptions(await screen.findByRole('combobox', { name: 'Anbieter' }), 'zweite');
    await ask('{}');
    await waitFor(() => { expect(asked).toEqual([{ claims: {}, provider: 'zweite' }]); });
  });

  it('is not asked about what is no JSON, and what the server says is shown', async () => {
    const asked = aServer({ code: 'malformed', detail: 'the claim `sub` is missing' }, 400);
    await show(<IdentityPage />);
    await ask('{"sub":');
    expect(await screen.findByText('Das ist kein JSON-Objekt.')).toBeTruthy();
    expect(asked).toEqual([]);
    await ask('{}');
    expect(await screen.findByText('the claim `sub` is missing')).toBeTruthy();
  });

  it('has claims in one JSON object alone', () => {
    expect(claimsOf(' {"a": [1]} ')).toEqual({ a: [1] });
    for (const other of ['', 'null', '[]', '"a"', '{']) expect(claimsOf(other)).toBeUndefined();
  });
});
