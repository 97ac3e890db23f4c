import type { Desktop, DesktopState, Template } from '~/api/types';

/** One card of the dashboard: a template the user may start, the desktop they have of it, or both. */
export type Tile = {
  slug: string;
  name: string;
  description: string;
  icon: string | null;
  template: Template | undefined;
  desktop: Desktop | undefined;
};

/** Running first, then what is on its way there, then what was used before, then what never was. */
const RANKS: Record<DesktopState, number> = { running: 0, starting: 1, queued: 1, requested: 1, stopping: 2, stopped: 2, failed: 2 };

/**
 * Every template with the user's desktop of it, and desktops whose template is no longer given to them.
 * What runs comes first, then what was used last, then the rest by name.
 */
export function tiles(templates: readonly Template[], desktops: readonly Desktop[]): Tile[] {
  const own = new Map(desktops.map((desktop) => [desktop.template, desktop]));
  const all = templates
    .filter(({ enabled, slug }) => enabled || own.has(slug))
    .map((template): Tile => ({ ...pick(template), template, desktop: own.get(template.slug) }));
  const known = new Set(templates.map(({ slug }) => slug));
  for (const desktop of desktops) {
    if (!known.has(desktop.template)) {
      all.push({ slug: desktop.template, name: desktop.template, description: '', icon: null, template: undefined, desktop });
    }
  }
  return all.sort((a, b) => rank(a) - rank(b) || lastUse(b) - lastUse(a) || a.name.localeCompare(b.name));
}

/** `all` in the order the user already sees, new ones at their place by rank at the end: cards do not jump under the pointer. */
export function inOrder(all: readonly Tile[], order: readonly string[]): Tile[] {
  const place = new Map(order.map((slug, index) => [slug, index]));
  return [...all].sort((a, b) => (place.get(a.slug) ?? order.length) - (place.get(b.slug) ?? order.length));
}

const pick = ({ slug, name, description, icon }: Template) => ({ slug, name, description, icon: icon ?? null });
const rank = ({ desktop }: Tile) => (desktop ? RANKS[desktop.state] : 3);
const lastUse = ({ desktop }: Tile) => Date.parse(desktop?.last_used_at ?? desktop?.created_at ?? '') || 0;

const COLOURS = 8;

/**
 * A colour for each template, by number. It comes from the slug and so stays the same from day to day;
 * where two slugs agree, the later one takes the next colour that is free.
 */
export function tints(slugs: readonly string[]): Map<string, number> {
  const taken = new Map<string, number>();
  for (const slug of [...slugs].sort()) {
    const used = new Set(taken.values());
    let colour = [...slug].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0, 0) % COLOURS;
    while (taken.size < COLOURS && used.has(colour)) colour = (colour + 1) % COLOURS;
    taken.set(slug, colour);
  }
  return taken;
}
