import { describe, expect, it } from 'vitest';
import { aDesktop, aTemplate } from '~/testing/desktop';
import { inOrder, tiles, tints } from './tiles';

const slugs = (all: { slug: string }[]) => all.map(({ slug }) => slug);

describe('the tiles', () => {
  it('put first what runs, then what starts, then what was used last, then the rest by name', () => {
    const templates = ['e', 'd', 'c', 'b', 'a', 'f'].map((slug) => aTemplate({ slug, name: slug }));
    const desktops = [
      aDesktop({ id: '1', template: 'c', state: 'stopped', last_used_at: '2026-11-01T08:00:00Z' }),
      aDesktop({ id: '2', template: 'b', state: 'failed', last_used_at: '2026-11-02T08:00:00Z' }),
      aDesktop({ id: '3', template: 'e', state: 'running', last_used_at: '2026-10-01T08:00:00Z' }),
      aDesktop({ id: '4', template: 'f', state: 'queued', last_used_at: '2026-11-03T08:00:00Z' }),
    ];
    expect(slugs(tiles(templates, desktops))).toEqual(['e', 'f', 'b', 'c', 'a', 'd']);
  });

  it('keep a desktop whose template was taken away', () => {
    const [tile] = tiles([], [aDesktop({ template: 'old' })]);
    expect(tile).toMatchObject({ slug: 'old', name: 'old', template: undefined });
  });

  it('leave out a disabled template, unless there is a desktop of it', () => {
    const off = aTemplate({ enabled: false });
    expect(tiles([off], [])).toEqual([]);
    expect(tiles([off], [aDesktop()])).toHaveLength(1);
  });

  it('stay where they are while states change; a new one comes last', () => {
    const all = tiles(['a', 'b', 'c'].map((slug) => aTemplate({ slug, name: slug })), [aDesktop({ template: 'c' })]);
    expect(slugs(inOrder(all, ['a', 'c']))).toEqual(['a', 'c', 'b']);
  });
});

describe('the colours', () => {
  it('differ as long as there are enough, whatever the order', () => {
    const eight = ['linux', 'python', 'malen', 'terminal', 'netz', 'chemie', 'a', 'b'];
    const colours = tints(eight);
    expect(new Set(colours.values()).size).toBe(8);
    expect(tints([...eight].reverse())).toEqual(colours);
    expect(tints([...eight, 'c', 'd']).size).toBe(10);
  });
});
