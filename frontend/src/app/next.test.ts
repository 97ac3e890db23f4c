import { describe, expect, it } from 'vitest';
import { loginAddress, safeNext } from './next';

describe('the place to go to after signing in', () => {
  it.each(['/', '/start/linux', '/desktop/mia-linux/', '/desktop/mia-linux/?x=1', '/start/caf%C3%A9', '/enter/a2b3'])('may be %s', (next) => {
    expect(safeNext(next)).toBe(next);
  });

  it.each([
    null, '', 'desktop/a/', 'https://evil.example/', '//evil.example/', '///evil.example', '/\\evil.example', '\\\\evil.example',
    '/\t/evil.example', '/\n/evil.example', ' //evil.example', 'javascript:alert(1)', '/login', '/login?next=/', '/api/v1/logout',
    '/auth/logout', '/desktop/a', '/desktop/a/b/', '/desktop//', '/start/', '/start/a/b', '/enter/', '/enter/a/', '/enter/A.b', '/desktop/../auth/logout', '/./auth/logout',
    '/desktop/%2e%2e/auth/logout', '/start/a#b//', '/desktop/a/?u=//evil.example', '@evil.example', '/@evil.example', '/\u0000', '/%0a',
  ])('is home instead of %j', (next) => {
    expect(safeNext(next)).toBe('/');
  });

  it('leads back to the page that asked for it', () => {
    expect(loginAddress({ pathname: '/desktop/mia-linux/', search: '' })).toBe('/login?next=%2Fdesktop%2Fmia-linux%2F');
    expect(loginAddress({ pathname: '/', search: '' })).toBe('/login');
    expect(loginAddress({ pathname: '/nowhere', search: '' })).toBe('/login');
  });
});
