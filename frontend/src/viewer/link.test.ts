import { describe, expect, it } from 'vitest';
import { AnswerTimes, encodingFor, levelOf } from './link';

describe('the link', () => {
  it('is judged by the middle of the last answers, so one slow answer says nothing', () => {
    const times = new AnswerTimes();
    expect(times.usual).toBeUndefined();
    for (const ms of [20, 25, 2_000, 22, 24]) times.add(ms);
    expect(times.usual).toBe(24);
    for (const ms of [500, 510, 520]) times.add(ms);
    expect(times.usual).toBe(500);
  });

  it.each([[undefined, 'good'], [99, 'good'], [100, 'fair'], [299, 'fair'], [300, 'weak']] as const)('of %s ms is %s', (ms, level) => {
    expect(levelOf(ms)).toBe(level);
  });
});

describe('the quality', () => {
  it('is what was chosen', () => {
    expect(encodingFor('sharp', 'weak').qualityLevel).toBe(9);
    expect(encodingFor('fast', 'good').qualityLevel).toBe(2);
  });

  it('follows the link if it is left to us, without flickering at the border', () => {
    const good = encodingFor('auto', 'good');
    expect(encodingFor('auto', 'fair', good)).toBe(good);
    const weak = encodingFor('auto', 'weak', good);
    expect(weak.qualityLevel).toBeLessThan(good.qualityLevel);
    expect(encodingFor('auto', 'fair', weak)).toBe(weak);
    expect(encodingFor('auto', 'good', weak)).toBe(good);
  });

  it('comes back to balanced when sharp is no longer wanted', () => {
    expect(encodingFor('auto', 'fair', encodingFor('sharp', 'fair')).qualityLevel).toBe(6);
  });
});
