import type { Desktop, Me, Template } from '~/api/types';

/** A desktop in a test, with only what the test is about spelled out. */
export function aDesktop(more: Partial<Desktop> = {}): Desktop {
  return {
    id: 'd1', name: 'mia-linux', template: 'linux', client: 'novnc', owner: 'mia', state: 'running', step: null, reason: null, queue_position: null,
    eta_seconds: null, url: '/desktop/mia-linux/', created_at: '2026-11-20T07:00:00Z', started_at: null, last_input_at: null,
    last_used_at: null, stops_at: null, stops_for: null, warns_at: null, viewers: 0, grants: [], why: '', removed: false, ...more,
  };
}

export function aTemplate(more: Partial<Template> = {}): Template {
  return { id: 't1', slug: 'linux', name: 'Linux', description: '', icon: null, home: 'shared', network: 'internet', enabled: true, client: 'novnc', ...more };
}

export function aPerson(role: Me['role'] = 'student'): Me {
  return { user: { id: 'u1', username: 'mia', display_name: 'Mia Yılmaz' }, role, groups: [], capabilities: [], csrf_token: 'token-of-mia' };
}
