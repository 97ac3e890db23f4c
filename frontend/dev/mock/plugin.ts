import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Plugin } from 'vite';
import { answer } from './rest.ts';
import { stream } from './screen.ts';
import { World } from './world.ts';

/**
 * The server's REST surface, played in memory, with faults one can ask for (see world.ts): to work on
 * pages and to look at states that are hard to bring about. It proves nothing about the real server.
 */
export function mockServer(): Plugin {
  const world = new World();
  const handle = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    void answer(world, request, response).then((done) => {
      if (!done) next();
    });
  };
  return {
    name: 'pult:mock',
    configureServer: ({ middlewares, httpServer }) => {
      middlewares.use(handle);
      httpServer?.on('upgrade', (request: IncomingMessage, socket: Duplex) => { stream(world, request, socket); });
    },
    configurePreviewServer: ({ middlewares, httpServer, config }) => {
      // The built app meets the policy it will be served with.
      const policy = readFileSync(`${config.root}/csp.txt`, 'utf8').trim();
      middlewares.use((_, response, next) => {
        response.setHeader('Content-Security-Policy', policy);
        next();
      });
      middlewares.use(handle);
      httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex) => { stream(world, request, socket); });
    },
  };
}
