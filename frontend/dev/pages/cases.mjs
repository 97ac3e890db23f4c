/** Every state a page can be in, and how to get there with the mock (dev/mock). */
const dashboard = 'ul > li h2';
const card = (page, name) => page.locator('li', { has: page.getByRole('heading', { name }) });

export const CASES = [
  { name: 'login', path: '/login', ready: 'form' },
  {
    name: 'login-wrong',
    path: '/login',
    ready: 'form',
    act: async (page) => {
      await page.locator('[name=username]').fill('schueler');
      await page.locator('[name=password]').fill('falsch');
      await page.locator('[type=submit]').click();
      await page.locator('form [role=alert] p').waitFor();
    },
  },
  {
    name: 'login-menu',
    path: '/login',
    ready: 'form',
    act: async (page) => {
      await page.locator('main button[aria-haspopup]').last().click();
      await page.getByRole('menu').waitFor();
    },
  },
  { name: 'dashboard', user: 'schueler', ready: dashboard },
  { name: 'dashboard-teacher', user: 'lehrerin', ready: dashboard },
  { name: 'dashboard-busy', user: 'schueler', scenario: 'busy', ready: dashboard },
  { name: 'dashboard-empty', user: 'schueler', scenario: 'empty', ready: 'h1' },
  { name: 'dashboard-engine-down', user: 'schueler', scenario: 'engine-down', ready: dashboard },
  { name: 'dashboard-refused', user: 'schueler', scenario: 'refusing', ready: dashboard, act: async (page) => {
    await card(page, 'Linux').getByRole('button').click();
    await page.getByRole('menuitem').first().click();
    await page.getByRole('alertdialog').getByRole('button').last().click();
    await page.getByRole('alert').waitFor();
  } },
  {
    name: 'dashboard-user-menu',
    user: 'schueler',
    ready: dashboard,
    act: async (page) => {
      await page.locator('header button').click();
      await page.getByRole('menu').waitFor();
    },
  },
  {
    name: 'dashboard-card-menu',
    user: 'schueler',
    ready: dashboard,
    act: async (page) => {
      await card(page, 'Linux').getByRole('button').click();
      await page.getByRole('menu').waitFor();
    },
  },
  {
    name: 'dashboard-reset',
    user: 'schueler',
    ready: dashboard,
    act: async (page) => {
      await card(page, 'Linux').getByRole('button').click();
      await page.getByRole('menuitem').nth(1).click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  { name: 'schedule', user: 'admin', path: '/schedule', ready: dashboard },
  { name: 'schedule-not-allowed', user: 'lehrerin', path: '/schedule', ready: 'h1' },
  {
    name: 'schedule-menu',
    user: 'admin',
    ready: dashboard,
    act: async (page) => {
      await page.locator('header button').click();
      await page.getByRole('menuitem').first().click();
      await page.locator('li h2').first().waitFor();
    },
  },
  {
    name: 'schedule-ask',
    user: 'admin',
    path: '/schedule',
    ready: dashboard,
    act: async (page) => {
      await card(page, 'Nachtruhe').getByRole('button').click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'schedule-refused',
    user: 'admin',
    scenario: 'refusing',
    path: '/schedule',
    ready: dashboard,
    act: async (page) => {
      await card(page, 'Altes Protokoll').getByRole('button').click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'sessions', user: 'schueler', path: '/sessions', ready: dashboard },
  {
    name: 'sessions-ended',
    user: 'schueler',
    path: '/sessions',
    ready: dashboard,
    act: async (page) => {
      await page.locator('main button').first().click();
      await page.getByRole('status').filter({ hasText: /./ }).first().waitFor();
    },
  },
  { name: 'identity', user: 'admin', path: '/identity', ready: 'form' },
  {
    name: 'identity-answer',
    user: 'admin',
    path: '/identity',
    ready: 'form',
    act: async (page) => {
      await page.locator('textarea').fill('{"sub": "1"}');
      await page.locator('[type=submit]').click();
      await page.getByRole('heading', { name: 'Katrin Brandt' }).waitFor();
    },
  },
  {
    name: 'identity-wrong',
    user: 'admin',
    path: '/identity',
    ready: 'form',
    act: async (page) => {
      await page.locator('textarea').fill('{');
      await page.locator('[type=submit]').click();
      await page.getByRole('alert').filter({ hasText: /./ }).first().waitFor();
    },
  },
  { name: 'my-data', user: 'schueler', path: '/my-data', ready: 'main li' },
  { name: 'not-found', user: 'schueler', path: '/nirgendwo', ready: 'h1' },
  { name: 'unreachable', scenario: 'unreachable', path: '/', ready: 'h1', user: 'schueler', wait: 4_000 },
  { name: 'start-ask', user: 'schueler', path: '/start/terminal', ready: 'h1' },
  { name: 'start-refused', user: 'schueler', scenario: 'refusing', path: '/start/terminal', ready: 'h1', act: async (page) => {
    await page.locator('main button').first().click();
    await page.locator('code').waitFor();
  } },
  { name: 'start-queued', user: 'schueler', scenario: 'busy', path: '/desktop/schueler-linux/', ready: 'ol', wait: 2_500 },
  { name: 'start-without-room', user: 'schueler', scenario: 'busy', path: '/desktop/schueler-chemie/', ready: 'ol', wait: 2_500 },
  { name: 'start-preparing', user: 'schueler', scenario: 'busy', path: '/desktop/schueler-python/', ready: 'ol', wait: 2_500 },
  { name: 'start-connecting', user: 'schueler', scenario: 'busy', path: '/desktop/schueler-malen/', ready: 'ol' },
  { name: 'viewer-failed', user: 'schueler', path: '/desktop/schueler-malen/', ready: 'h1' },
  { name: 'viewer-stopped', user: 'schueler', path: '/desktop/schueler-python/', ready: 'h1' },
  { name: 'viewer-stopping', user: 'schueler', scenario: 'busy', path: '/desktop/schueler-terminal/', ready: 'h1' },
  { name: 'viewer-unknown', user: 'schueler', path: '/desktop/jemand-anders/', ready: 'h1' },
  { name: 'viewer', user: 'schueler', path: '/desktop/schueler-linux/', ready: 'canvas', wait: 800 },
  { name: 'viewer-stops-soon', user: 'schueler', scenario: 'soon', path: '/desktop/schueler-linux/', ready: 'canvas', wait: 800 },
  { name: 'viewer-lost', user: 'schueler', scenario: 'engine-down', path: '/desktop/schueler-linux/', ready: '[role=application]', wait: 2_500 },
  {
    name: 'viewer-clipboard',
    user: 'schueler',
    path: '/desktop/schueler-linux/',
    ready: 'canvas',
    wait: 500,
    act: async (page) => {
      await page.getByRole('toolbar').getByRole('button').first().click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'viewer-keys',
    user: 'schueler',
    path: '/desktop/schueler-linux/',
    ready: 'canvas',
    wait: 500,
    act: async (page) => {
      await page.getByRole('toolbar').getByRole('button').nth(1).click();
      await page.getByRole('toolbar').nth(1).waitFor();
    },
  },
  {
    name: 'viewer-view',
    user: 'schueler',
    path: '/desktop/schueler-linux/',
    ready: 'canvas',
    wait: 1_500,
    act: async (page) => {
      await page.getByRole('toolbar').getByRole('button').nth(2).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'viewer-blocked', user: 'schueler', scenario: 'blocked', path: '/desktop/schueler-linux/', ready: '[role=application]', wait: 2_500 },
  {
    name: 'viewer-folded',
    user: 'schueler',
    path: '/desktop/schueler-linux/',
    ready: 'canvas',
    wait: 500,
    act: async (page) => {
      await page.getByRole('toolbar').getByRole('button').last().click();
    },
  },
];
