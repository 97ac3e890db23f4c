import { describe, expect, it } from 'vitest';
import { editBetween } from './textDiff';

describe('what a phone’s keyboard did', () => {
  it.each([
    ['typed a letter', '__h', '__ha', 0, 'a'],
    ['erased one', '__h', '__', 1, ''],
    ['erased what was there before', '__', '_', 1, ''],
    ['completed a word', '__Schu', '__Schule ', 0, 'le '],
    ['corrected a word', '__Shcule', '__Schule', 5, 'chule'],
    ['made an umlaut of a long press', '__a', '__ä', 1, 'ä'],
    ['composed a syllable', '__ㅎ', '__하', 1, '하'],
    ['chose a character for letters', '__kan', '__漢', 3, '漢'],
    ['erased an emoji whole', '__😀', '__', 1, ''],
    ['typed one emoji for another', '__😀', '__😁', 1, '😁'],
    ['began a line', '__ls', '__ls\n', 0, '\n'],
    ['did nothing', '__', '__', 0, ''],
  ])('%s', (_, before, after, erase, insert) => {
    expect(editBetween(before, after)).toEqual({ erase, insert });
  });
});
