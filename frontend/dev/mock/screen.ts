import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { World } from './world.ts';

const WIDTH = 640;
const HEIGHT = 400;

/**
 * A desktop of one picture: the WebSocket handshake (RFC 6455) and just enough RFB 3.8 (RFC 6143) that a
 * client shows it. Each key and click draws a dot, so that one sees whether input arrives.
 */
export function stream(world: World, request: IncomingMessage, socket: Duplex): void {
  const name = /^\/desktop\/([^/]+)\/websockify$/.exec(request.url ?? '')?.[1];
  if (name === undefined) return;
  const running = [...world.desktops.values()].some((desktop) => desktop.name === name && desktop.state === 'running');
  if (!running || world.scenario === 'engine-down' || world.scenario === 'blocked') {
    socket.end(`HTTP/1.1 ${running ? '502 Bad Gateway' : '409 Conflict'}\r\nConnection: close\r\n\r\n`);
    return;
  }
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const send = (data: Buffer) => socket.write(Buffer.concat([frameHead(data.length), data]));
  const server = rfbServer(send);
  let raw: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (part: Buffer) => {
    raw = Buffer.concat([raw, part]);
    for (let frame = takeFrame(raw); frame; frame = takeFrame(raw)) {
      raw = frame.rest;
      if (frame.opcode === 8) socket.end();
      else if (frame.opcode === 2) server(frame.data);
    }
  });
}

function rfbServer(send: (data: Buffer) => void): (data: Buffer) => void {
  const pixels = paint();
  let stage = 0;
  let asked = false;
  let dirty = true;
  let queue: Buffer = Buffer.alloc(0);
  send(Buffer.from('RFB 003.008\n'));

  const update = () => {
    if (!asked || !dirty) return;
    asked = dirty = false;
    const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, WIDTH >> 8, WIDTH & 255, HEIGHT >> 8, HEIGHT & 255, 0, 0, 0, 0]);
    send(Buffer.concat([head, pixels]));
  };
  const dot = (x: number, y: number) => {
    for (let dy = -4; dy <= 4; dy += 1) for (let dx = -4; dx <= 4; dx += 1) pixels.writeUInt32BE(0xffb83f00, 4 * (clamp(y + dy, HEIGHT) * WIDTH + clamp(x + dx, WIDTH)));
    dirty = true;
    update();
  };
  const lengths: Record<number, () => number> = { 0: () => 20, 2: () => 4 + 4 * queue.readUInt16BE(2), 3: () => 10, 4: () => 8, 5: () => 6, 6: () => 8 + Math.abs(queue.readInt32BE(4)) };
  const act: Record<number, (message: Buffer) => void> = {
    3: (message) => {
      asked = true;
      if (message[1] === 0) dirty = true;
      update();
    },
    4: (message) => { if (message[1] === 1) dot(40 + Math.random() * 560, 350); },
    5: (message) => { if (message[1] === 1) dot(message.readUInt16BE(2), message.readUInt16BE(4)); },
  };

  return (data) => {
    queue = Buffer.concat([queue, data]);
    for (;;) {
      if (stage === 0 && queue.length >= 12) {
        queue = queue.subarray(12);
        send(Buffer.from([1, 1]));
        stage = 1;
      } else if (stage === 1 && queue.length >= 1) {
        queue = queue.subarray(1);
        send(Buffer.alloc(4));
        stage = 2;
      } else if (stage === 2 && queue.length >= 1) {
        queue = queue.subarray(1);
        send(serverInit());
        stage = 3;
      } else if (stage === 3 && queue.length >= 1) {
        const type = queue.readUInt8(0);
        const length = queue.length >= 8 || type === 3 ? lengths[type]?.() : undefined;
        if (length === undefined || queue.length < length) return;
        const message = queue.subarray(0, length);
        queue = queue.subarray(length);
        act[type]?.(message);
      } else {
        return;
      }
    }
  };
}

function serverInit(): Buffer {
  const name = Buffer.from('mock');
  const head = Buffer.alloc(24);
  head.writeUInt16BE(WIDTH, 0);
  head.writeUInt16BE(HEIGHT, 2);
  // 32 bits a pixel, depth 24, little endian, true colour, 255 each, shifts 16, 8, 0
  Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0]).copy(head, 4);
  head.writeUInt32BE(name.length, 20);
  return Buffer.concat([head, name]);
}

function paint(): Buffer {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const window = x > 90 && x < 430 && y > 70 && y < 290;
      const colour = y > HEIGHT - 34 ? 0x20242f : window ? (y < 96 ? 0x3c4460 : 0xf4f1ea) : ((40 + (y >> 3)) << 16) | ((60 + (x >> 4)) << 8) | (110 + (y >> 2));
      pixels.writeUInt32BE(colour * 256, 4 * (y * WIDTH + x)); // red, green, blue: what noVNC asks for
    }
  }
  return pixels;
}

const clamp = (value: number, size: number) => Math.max(0, Math.min(size - 1, Math.floor(value)));

function frameHead(length: number): Buffer {
  if (length < 126) return Buffer.from([0x82, length]);
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

function takeFrame(raw: Buffer): { opcode: number; data: Buffer; rest: Buffer } | undefined {
  if (raw.length < 6) return undefined;
  const short = raw.readUInt8(1) & 127;
  const at = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (raw.length < at + 4) return undefined;
  const length = short < 126 ? short : short === 126 ? raw.readUInt16BE(2) : Number(raw.readBigUInt64BE(2));
  if (raw.length < at + 4 + length) return undefined;
  const mask = raw.subarray(at, at + 4);
  const data = Buffer.from(raw.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
  return { opcode: raw.readUInt8(0) & 15, data, rest: raw.subarray(at + 4 + length) };
}
