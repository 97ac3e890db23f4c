import { describe, expect, it } from 'vitest';
import { type ServerEvent, sseParser } from './sse';

function parse(...pieces: string[]): ServerEvent[] {
  const events: ServerEvent[] = [];
  const feed = sseParser((event) => events.push(event));
  pieces.forEach(feed);
  return events;
}

const STREAM = ': welcome\n\nevent: desktop\nid: 41\ndata: {"a":1}\n\n: keep-alive\n\nevent: notice\nid: 42\ndata: one\ndata: two\n\n';
const EVENTS = [
  { event: 'desktop', data: '{"a":1}', id: '41' },
  { event: 'notice', data: 'one\ntwo', id: '42' },
];

describe('the event stream', () => {
  it('is read with all kinds of line ends', () => {
    for (const end of ['\n', '\r\n', '\r']) expect(parse(`${STREAM.replaceAll('\n', end)}:`)).toEqual(EVENTS);
  });

  it('may be cut anywhere', () => {
    const windows = STREAM.replaceAll('\n', '\r\n');
    for (let at = 1; at < windows.length; at += 1) expect(parse(windows.slice(0, at), windows.slice(at))).toEqual(EVENTS);
  });

  it('says nothing before a message is complete', () => {
    expect(parse('data: half')).toEqual([]);
    expect(parse('data: half\n')).toEqual([]);
  });

  it('keeps the last id for messages without one', () => {
    expect(parse('id: 7\ndata: a\n\ndata: b\n\n').map(({ id }) => id)).toEqual(['7', '7']);
  });
});
