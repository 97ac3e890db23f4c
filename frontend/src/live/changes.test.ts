import { describe, expect, it } from 'vitest';
import { aDesktop } from '~/testing/desktop';
import { heardSince, mark, merge, note, sinceMark } from './changes';

const linux = aDesktop({ id: 'a' });
const python = aDesktop({ id: 'b', template: 'python' });

describe('merge', () => {
  it('adds a desktop that is new', () => {
    expect(merge([linux], python)).toEqual([linux, python]);
  });

  it('replaces a desktop at its place', () => {
    const stopped = { ...linux, state: 'stopped' as const };
    expect(merge([linux, python], stopped)).toEqual([stopped, python]);
  });

  it('forgets a removed desktop, and one that was never known', () => {
    expect(merge([linux, python], { ...linux, removed: true })).toEqual([python]);
    expect(merge([python], { ...linux, removed: true })).toEqual([python]);
  });

  it('leaves the list it was given alone', () => {
    const list = [linux];
    merge(list, { ...linux, state: 'failed' });
    expect(list).toEqual([linux]);
  });
});

describe('an event that overtakes a list', () => {
  it('wins over the list', () => {
    const begun = mark();
    note({ ...linux, state: 'stopped' });
    expect(sinceMark(begun, [linux, python])).toEqual([{ ...linux, state: 'stopped' }, python]);
  });

  it('also when it says that the desktop is gone', () => {
    const begun = mark();
    note({ ...linux, removed: true });
    expect(sinceMark(begun, [linux, python])).toEqual([python]);
  });

  it('loses if it came before the list was asked for', () => {
    note({ ...linux, state: 'starting' });
    expect(sinceMark(mark(), [linux])).toEqual([linux]);
  });

  it('is noticed per desktop', () => {
    const begun = mark();
    note(linux);
    expect(heardSince(begun, 'a')).toBe(true);
    expect(heardSince(begun, 'b')).toBe(false);
    expect(heardSince(mark(), 'a')).toBe(false);
  });
});
