import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type ClipboardChoice, ClipboardSync, LONGEST_TEXT } from './clipboardSync';

describe('the two clipboards', () => {
  let choice: ClipboardChoice;
  let sync: ClipboardSync;
  const read = vi.fn<() => Promise<string>>();
  const write = vi.fn<(text: string) => Promise<void>>();
  const send = vi.fn<(text: string) => void>();
  const offer = vi.fn<(text: string | undefined) => void>();

  beforeEach(() => {
    for (const mock of [read, write, send, offer]) mock.mockReset();
    read.mockResolvedValue('von hier');
    write.mockResolvedValue();
    sync = new ClipboardSync({ choice: () => choice, here: { read, write }, send, offer });
  });

  it.each(['off', 'ask'] as const)('are not read here without consent (%s)', async (now) => {
    choice = now;
    await sync.lookHere();
    expect(read).not.toHaveBeenCalled();
    expect(send).not.toHaveBeenCalled();
  });

  it('stay apart when that is wanted', async () => {
    choice = 'off';
    await sync.copiedThere('von dort');
    expect(write).not.toHaveBeenCalled();
    expect(offer).not.toHaveBeenCalled();
  });

  it('become alike on a click', async () => {
    choice = 'ask';
    await sync.copiedThere('von dort');
    expect(write).not.toHaveBeenCalled();
    expect(offer).toHaveBeenLastCalledWith('von dort');
    expect(await sync.take('von dort')).toBe(true);
    expect(write).toHaveBeenCalledExactlyOnceWith('von dort');
    expect(offer).toHaveBeenLastCalledWith(undefined);
  });

  it('become alike by themselves, both ways, each text once', async () => {
    choice = 'auto';
    await sync.copiedThere('ä € 漢 😀');
    expect(write).toHaveBeenCalledExactlyOnceWith('ä € 漢 😀');
    read.mockResolvedValue('ä € 漢 😀');
    await sync.lookHere();
    expect(send).not.toHaveBeenCalled();
    read.mockResolvedValue('neu');
    await sync.lookHere();
    await sync.lookHere();
    expect(send).toHaveBeenCalledExactlyOnceWith('neu');
    // what the desktop tells back is no news
    await sync.copiedThere('neu');
    expect(write).toHaveBeenCalledOnce();
  });

  it('ask for a click where the browser wants one', async () => {
    choice = 'auto';
    write.mockRejectedValue(new DOMException('', 'NotAllowedError'));
    await sync.copiedThere('von dort');
    expect(offer).toHaveBeenLastCalledWith('von dort');
  });

  it('do without what the browser does not give', async () => {
    choice = 'auto';
    read.mockRejectedValue(new DOMException('', 'NotAllowedError'));
    await expect(sync.lookHere()).resolves.toBeUndefined();
    expect(send).not.toHaveBeenCalled();
  });

  it('exchange nothing empty, nothing huge, and no broken characters', () => {
    sync.putThere('');
    sync.putThere('x'.repeat(LONGEST_TEXT + 1));
    expect(send).not.toHaveBeenCalled();
    sync.putThere('halb \ud83d und ganz 😀');
    expect(send).toHaveBeenCalledWith('halb \ufffd und ganz 😀');
  });

  it('know nothing of each other in a new connection', async () => {
    choice = 'auto';
    await sync.lookHere();
    sync.forget();
    await sync.lookHere();
    expect(send).toHaveBeenCalledTimes(2);
  });
});
