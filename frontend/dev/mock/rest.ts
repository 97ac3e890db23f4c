import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Desktop, type Scenario, SCENARIOS, type World } from './world.ts';

/** Answers what belongs to the server; false means: this is a page or an asset. */
export async function answer(world: World, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const { pathname } = new URL(request.url ?? '/', 'http://mock');
  const method = request.method ?? 'GET';
  const scenario = SCENARIOS.find((one) => pathname === `/mock/${one}`);
  if (scenario) return become(world, scenario, response);
  if (!pathname.startsWith('/api/v1/')) return false;
  if (world.scenario === 'unreachable') {
    request.socket.destroy();
    return true;
  }
  const call = `${method} ${pathname.slice('/api/v1'.length)}`;
  if (call === 'GET /auth/methods') return json(response, 200, { local: true, oidc: true, providers: [{ id: 'oidc', name: 'IServ', url: '/auth/login?provider=oidc' }] });
  if (call === 'POST /login') return signIn(world, await body(request), response);
  if (!world.me) return problem(response, 401, 'not_signed_in', 'Bitte anmelden.');
  if (call === 'GET /events') return events(world, request, response);
  return signedIn(world, call, await body(request), response);
}

function signedIn(world: World, call: string, sent: Record<string, unknown>, response: ServerResponse): boolean {
  switch (call) {
    case 'POST /logout':
      world.person = undefined;
      return json(response, 204);
    case 'GET /me':
      return json(response, 200, world.me);
    case 'GET /status': {
      const down = world.scenario === 'engine-down';
      const at = new Date().toISOString();
      return json(response, 200, { engine: { reachable: !down, since: down ? at : null, checked_at: at, message: null }, streams_blocked: world.scenario === 'blocked', version: 'mock' });
    }
    case 'GET /me/looks':
      return page(response, world.looks);
    case 'GET /schedule':
      if (world.me?.role !== 'admin') return problem(response, 403, 'role_missing', 'Dazu fehlt die Berechtigung.');
      return page(response, world.jobs);
    case 'GET /sessions':
      return page(response, world.sessions);
    case 'DELETE /sessions':
      if (world.scenario === 'refusing') return refuse(response);
      world.sessions = world.sessions.filter((session) => session.this);
      return json(response, 204);
    case 'GET /identity/providers':
      return page(response, [{ id: 'iserv', name: 'IServ' }, { id: 'zweite', name: 'Zweite Schule' }]);
    case 'POST /identity/preview':
      if (world.scenario === 'refusing') return refuse(response);
      return json(response, 200, {
        issuer: 'https://schule.example', subject: '4711', username: 'k.brandt', display_name: 'Katrin Brandt', role: 'teacher',
        because: { rule: 'teacher_roles', word: 'ROLE_TEACHER' }, groups: ['Klasse 8D', 'Kollegium'],
      });
    case 'GET /templates':
      return page(response, world.templates);
    case 'GET /desktops':
      return page(response, [...world.desktops.values()]);
    case 'POST /desktops': {
      if (world.scenario === 'refusing') return refuse(response);
      const { desktop, existed } = world.request(String(sent.template));
      return json(response, existed ? 200 : 202, desktop);
    }
    default:
      return jobCall(world, call, response) || desktopCall(world, call, response);
  }
}

function jobCall(world: World, call: string, response: ServerResponse): boolean {
  const [, name] = /^POST \/schedule\/([^/]+)\/run$/.exec(call) ?? [];
  if (name === undefined) return false;
  if (world.scenario === 'refusing') return refuse(response);
  const job = world.runJob(name);
  return job ? json(response, 202, job) : problem(response, 404, 'not_found', 'Das gibt es nicht.');
}

function desktopCall(world: World, call: string, response: ServerResponse): boolean {
  const [, method, id = '', action] = /^(\w+) \/desktops\/([^/]+)(?:\/(\w+))?$/.exec(call) ?? [];
  const desktop = world.desktops.get(id);
  if (!desktop) return problem(response, 404, 'not_found', 'Das gibt es nicht.');
  if (method === 'GET') return json(response, 200, desktop);
  if (world.scenario === 'refusing') return refuse(response);
  if (method === 'DELETE') world.stop(id, { removed: true });
  else if (action === 'stop') world.stop(id, {});
  else if (action === 'start' || action === 'reset') world.start(id);
  else if (action === 'extend') world.change(id, { stops_at: new Date(Date.now() + 45 * 60_000).toISOString(), warns_at: new Date(Date.now() + 40 * 60_000).toISOString() });
  return json(response, 202, world.desktops.get(id) satisfies Desktop | undefined);
}

const refuse = (response: ServerResponse) => problem(response, 503, 'disk_full', 'Auf dem Server ist kein Platz mehr frei. Laufende Desktops laufen weiter.');

function become(world: World, scenario: Scenario, response: ServerResponse): boolean {
  world.become(scenario);
  return json(response, 204);
}

function signIn(world: World, { username, password }: Record<string, unknown>, response: ServerResponse): boolean {
  if (password === 'zuviel') {
    response.setHeader('Retry-After', '30');
    return problem(response, 429, 'too_many_attempts', 'Zu viele Versuche.');
  }
  if (!world.knows(String(username)) || password === 'falsch') return problem(response, 401, 'credentials_wrong', 'Benutzername oder Passwort stimmt nicht.');
  world.person = String(username);
  return json(response, 204);
}

function events(world: World, request: IncomingMessage, response: ServerResponse): boolean {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write(': welcome\n\n');
  const listener = (event: string, id: number, data: unknown) => response.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  const alive = setInterval(() => response.write(': keep-alive\n\n'), 15_000);
  world.listeners.add(listener);
  request.on('close', () => {
    clearInterval(alive);
    world.listeners.delete(listener);
  });
  return true;
}

async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const page = (response: ServerResponse, items: unknown[]) => json(response, 200, { items, next_cursor: null });

function problem(response: ServerResponse, status: number, code: string, detail: string): boolean {
  response.setHeader('Content-Type', 'application/problem+json');
  return json(response, status, { type: 'about:blank', title: code, status, code, detail, request_id: '01JD3Q7V5M' });
}

function json(response: ServerResponse, status: number, value?: unknown): boolean {
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'application/json');
  response.writeHead(status).end(value === undefined ? undefined : JSON.stringify(value));
  return true;
}
