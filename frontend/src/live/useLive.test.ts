import { describe, expect, it } from 'vitest';
import { desktopsQuery, statusQuery } from '~/api/queries';
import { queryClient as client } from '~/api/queryClient';
import { aDesktop } from '~/testing/desktop';
import { applyEvent } from './useLive';

const say = (event: string, data: unknown) => { applyEvent(client, { event, data: JSON.stringify(data) }); };
const desktops = () => client.getQueryData(desktopsQuery.queryKey);
const engine = () => client.getQueryData(statusQuery.queryKey)?.engine;

describe('an event', () => {
  it('changes the desktop in the cache, adds it, removes it', () => {
    client.setQueryData(desktopsQuery.queryKey, [aDesktop()]);
    say('desktop', aDesktop({ state: 'stopping' }));
    say('desktop', aDesktop({ id: 'd2', template: 'python' }));
    expect(desktops()?.map(({ id, state }) => [id, state])).toEqual([['d1', 'stopping'], ['d2', 'running']]);
    say('desktop', aDesktop({ removed: true }));
    expect(desktops()?.map(({ id }) => id)).toEqual(['d2']);
  });

  it('does not pretend to be the whole list before that has come', () => {
    say('desktop', aDesktop());
    expect(desktops()).toBeUndefined();
  });

  it('tells that the engine is away, and that it is back', () => {
    client.setQueryData(statusQuery.queryKey, { engine: { reachable: true, since: null, checked_at: null, message: null }, streams_blocked: false, version: '1' });
    say('notice', { code: 'engine_unreachable', message: '' });
    expect(engine()).toMatchObject({ reachable: false, since: expect.any(String) as string });
    say('notice', { code: 'engine_back', message: '' });
    expect(engine()?.reachable).toBe(true);
  });

  it('of an unknown kind is skipped', () => {
    expect(() => { say('weather', { sunny: true }); }).not.toThrow();
  });
});
