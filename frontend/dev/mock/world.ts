import { randomUUID } from 'node:crypto';
import type { components } from '../../src/api/schema';

type Schemas = components['schemas'];
export type Desktop = Schemas['Desktop'];
type Template = Schemas['Template'];
type Look = Schemas['Look'];
type ScheduledJob = Schemas['ScheduledJob'];
type Role = Schemas['Role'];

/** What the mock can be asked to be: `POST /mock/{scenario}`. */
export const SCENARIOS = ['everyday', 'empty', 'busy', 'engine-down', 'unreachable', 'refusing', 'soon', 'blocked'] as const;
export type Scenario = (typeof SCENARIOS)[number];

const PEOPLE: Record<string, { name: string; role: Role; groups: string[] }> = {
  schueler: { name: 'Mia Yılmaz', role: 'student', groups: ['9b', 'Informatik AG'] },
  lehrerin: { name: 'Dr. Katrin Brandt', role: 'teacher', groups: ['9b', 'Kollegium'] },
  admin: { name: 'Administration', role: 'admin', groups: [] },
};

const TEMPLATES: Template[] = [
  template('linux', 'Linux', 'Ein ganzer Linux-Desktop mit Dateien, Browser und Büroprogrammen.', 'monitor'),
  template('python', 'Python-Werkstatt', 'Programmieren mit Thonny und Jupyter, mit Beispielen aus dem Unterricht.', 'code'),
  template('malen', 'Bild und Ton', 'Zeichnen, Fotos bearbeiten, Ton aufnehmen.', 'palette'),
  template('terminal', 'Terminal', 'Nur eine Kommandozeile, sofort da.', 'terminal'),
  template('netz', 'Surf-Desktop', 'Ein Browser, der nichts behält.', 'globe', 'none'),
  template('chemie', 'Chemielabor', 'Moleküle zeichnen und in 3D ansehen.', 'flask-conical'),
];

function template(slug: string, name: string, description: string, icon: string, home: Template['home'] = 'shared'): Template {
  return { id: `t-${slug}`, slug, name, description, icon, home, network: 'internet', enabled: true, client: 'novnc' };
}

function job(name: string, title: string, description: string, more: Partial<ScheduledJob>): ScheduledJob {
  return {
    name, title, description, cron: null, every_seconds: null, time_zone: null, last_started_at: ago(3), last_finished_at: ago(3), last_result: 'ok',
    message: 'Nichts zu tun.', next_run_at: ago(-7), running: false, run_requested: false, ...more,
  };
}

/** An administrator looks into a desktop. */
const LOOK = (): Schemas['Grant'] => ({ id: 'g1', holder: 'Administration', reason: 'Firefox startet nicht, auf Bitte von Frau Brandt', created_at: ago(5), until: ago(-25), entered_at: ago(3) });

const session = (id: string, browser: Schemas['Browser'], system: Schemas['System'], age: number): Schemas['Session'] =>
  ({ id, this: id === 's1', browser, system, created_at: ago(age), last_seen_at: ago(age / 10), ends_at: ago(-600) });

const sessions = () => [session('s1', 'firefox', 'linux', 50), session('s2', 'safari', 'ios', 500), session('s3', 'edge', 'windows', 3_000)];

const looks = (): Look[] => [
  { id: 'l1', at: ago(25), desktop_id: 'd1', desktop: 'schueler-linux', viewer_id: 'u3', viewer: 'Administration', reason: 'Der Drucker fehlt.' },
  { id: 'l2', at: ago(60 * 30), desktop_id: 'd1', desktop: 'schueler-linux', viewer_id: 'u9', viewer: null, reason: null },
];

const jobs = (): ScheduledJob[] => [
  job('idle', 'Unbenutzte Desktops', 'Warnt, wenn an einem Desktop niemand arbeitet, und hält ihn danach an.', { every_seconds: 5, next_run_at: ago(0), message: '1 gewarnt, 2 angehalten.' }),
  job('nightly_stop', 'Nachtruhe', 'Hält zur eingestellten Zeit alle Desktops an.', { cron: '0 22 * * 1-5', time_zone: 'Europe/Berlin', last_started_at: null, last_finished_at: null, last_result: null, message: null, next_run_at: ago(-300) }),
  job('images', 'Images der Vorlagen', 'Prüft, ob die Images aller eingeschalteten Vorlagen auf dem Server sind.', { every_seconds: 600, message: 'Auf dem Server fehlen: registry.schule.example/informatik/bild-und-ton:2026-11. In ihrer Vorlage lassen sie sich laden.' }),
  job('sessions', 'Abgelaufene Anmeldungen', 'Vergisst Anmeldungen, die abgelaufen sind.', { every_seconds: 600, last_result: 'failed', message: 'Fehlgeschlagen: the database failed: no connection' }),
  job('clients', 'Anzeigen aus Images', 'Packt aus, was Desktops im Browser anzeigt, bevor der erste Start es braucht.', { every_seconds: 5, running: true, last_result: 'running', last_finished_at: null, message: null }),
  job('audit_retention', 'Altes Protokoll', 'Löscht Einträge des Protokolls, die älter sind als eingestellt.', { next_run_at: null }),
];

/** Users, templates and desktops, with time running through them. */
export class World {
  person: string | undefined;
  scenario: Scenario = 'everyday';
  jobs = jobs();
  sessions = sessions();
  looks = looks();
  readonly desktops = new Map<string, Desktop>();
  readonly listeners = new Set<(event: string, id: number, data: unknown) => void>();
  #revision = 0;

  constructor() {
    this.become('everyday');
  }

  become(scenario: Scenario) {
    const engineWasDown = this.scenario === 'engine-down';
    this.scenario = scenario;
    this.jobs = jobs();
    this.sessions = sessions();
    for (const desktop of this.desktops.values()) this.tell('desktop', { ...desktop, removed: true });
    this.desktops.clear();
    if (scenario === 'engine-down') this.tell('notice', { code: 'engine_unreachable', message: '' });
    else if (engineWasDown) this.tell('notice', { code: 'engine_back', message: '' });
    if (scenario === 'everyday' || scenario === 'engine-down' || scenario === 'refusing' || scenario === 'blocked') {
      this.#add('linux', { state: 'running', started_at: ago(40), last_used_at: ago(2), last_input_at: ago(2), stops_at: ago(-43), why: 'Läuft, weil vor 2 Minuten etwas eingegeben wurde.', grants: [LOOK()] });
      this.#add('python', { state: 'stopped', reason: 'idle', last_used_at: ago(60 * 26), why: 'Angehalten, weil 45 Minuten lang nichts eingegeben wurde.' });
      this.#add('malen', { state: 'failed', reason: 'image_missing', last_used_at: ago(60 * 24 * 9), why: 'Das Image „bild-und-ton“ ist auf dem Server nicht vorhanden. Die Administration kann es in der Vorlage laden.' });
    }
    if (scenario === 'busy') {
      this.#add('linux', { state: 'queued', queue_position: 4, eta_seconds: 35, why: 'Wartet auf einen freien Platz, Nummer 4 in der Schlange.' });
      this.#add('python', { state: 'starting', step: 'creating', why: '' });
      this.#add('malen', { state: 'starting', step: 'connecting' });
      this.#add('terminal', { state: 'stopping', last_used_at: ago(1), why: 'Wird angehalten.' });
      this.#add('chemie', {
        state: 'queued', queue_position: 5, reason: 'waits_for_memory',
        why: 'Wartet, bis 2 GB Arbeitsspeicher frei sind; jetzt sind es 410 MB. Nummer 5 in der Schlange.',
      });
    }
    if (scenario === 'soon') {
      this.#add('linux', { state: 'running', started_at: ago(90), last_used_at: ago(42), stops_at: ago(-4), stops_for: 'idle', warns_at: ago(1), why: 'Seit 42 Minuten wurde nichts eingegeben.' });
    }
  }

  get me(): Schemas['Me'] | undefined {
    const person = this.person === undefined ? undefined : PEOPLE[this.person];
    if (!person || this.person === undefined) return undefined;
    return {
      user: { id: `u-${this.person}`, username: this.person, display_name: person.name },
      role: person.role,
      groups: person.groups.map((name) => ({ id: name, name })),
      capabilities: [],
      csrf_token: 'mock',
    };
  }

  get templates(): Template[] {
    return this.scenario === 'empty' ? [] : TEMPLATES;
  }

  knows = (name: string) => name in PEOPLE;

  request(slug: string): { desktop: Desktop; existed: boolean } {
    const own = [...this.desktops.values()].find((desktop) => desktop.template === slug);
    if (own) return { desktop: own, existed: true };
    const desktop = this.#add(slug, {});
    this.start(desktop.id);
    return { desktop, existed: false };
  }

  change(id: string, change: Partial<Desktop>): Desktop | undefined {
    const before = this.desktops.get(id);
    if (!before) return undefined;
    const desktop = { ...before, ...change };
    if (desktop.removed) this.desktops.delete(id);
    else this.desktops.set(id, desktop);
    this.tell('desktop', desktop);
    return desktop;
  }

  start(id: string) {
    this.change(id, { state: 'requested', step: null, reason: null, started_at: null, stops_at: null, why: '' });
    const fails = this.desktops.get(id)?.template === 'chemie';
    this.#later(id, 500, { state: 'queued', queue_position: 2, eta_seconds: 5 });
    this.#later(id, 1_500, { queue_position: 1, eta_seconds: 2 });
    this.#later(id, 2_500, { state: 'starting', step: 'creating', queue_position: null, eta_seconds: null });
    this.#later(id, 4_000, { step: 'starting' });
    if (fails) {
      this.#later(id, 6_000, { state: 'failed', step: null, reason: 'out_of_memory', why: 'Der Desktop brauchte mehr als 2 GB Arbeitsspeicher und wurde beendet.' });
      return;
    }
    this.#later(id, 5_500, { step: 'connecting' });
    this.#later(id, 7_000, { state: 'running', step: null, started_at: ago(0), last_used_at: ago(0), stops_at: ago(-45), why: 'Läuft, weil gerade gestartet.' });
  }

  /** A job runs for a while, and has then done something. */
  runJob(name: string): ScheduledJob | undefined {
    const change = (more: Partial<ScheduledJob>) => {
      this.jobs = this.jobs.map((one) => (one.name === name ? { ...one, ...more } : one));
    };
    change({ run_requested: true });
    setTimeout(() => { change({ run_requested: false, running: true, last_started_at: ago(0), message: null }); }, 1_000);
    setTimeout(() => { change({ running: false, last_result: 'ok', last_finished_at: ago(0), message: '3 entfernt.' }); }, 3_000);
    return this.jobs.find((one) => one.name === name);
  }

  stop(id: string, last: Partial<Desktop>) {
    this.change(id, { state: 'stopping', stops_at: null, why: 'Wird angehalten.' });
    this.#later(id, 1_500, { state: 'stopped', reason: 'stopped_by_owner', why: 'Von dir angehalten.', ...last });
  }

  tell(event: string, data: unknown) {
    this.#revision += 1;
    for (const listener of this.listeners) listener(event, this.#revision, data);
  }

  #later(id: string, wait: number, change: Partial<Desktop>) {
    setTimeout(() => this.change(id, change), wait);
  }

  #add(slug: string, more: Partial<Desktop>): Desktop {
    const name = `schueler-${slug}`;
    const desktop: Desktop = {
      id: randomUUID(), name, template: slug, client: 'novnc', owner: 'schueler', state: 'requested', step: null, reason: null, queue_position: null,
      eta_seconds: null, url: `/desktop/${name}/`, created_at: ago(0), started_at: null, last_input_at: null, last_used_at: null,
      stops_at: null, stops_for: null, warns_at: null, viewers: 0, grants: [], why: '', removed: false, ...more,
    };
    this.desktops.set(desktop.id, desktop);
    this.tell('desktop', desktop);
    return desktop;
  }
}

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
