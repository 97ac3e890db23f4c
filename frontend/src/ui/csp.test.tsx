import { render } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import policy from '../../csp.txt?raw';
import { Button } from './Button';

describe('the content security policy', () => {
  it('allows the one style that React Aria adds to the page, by its hash', async () => {
    // Under test React Aria leaves the style out.
    vi.stubEnv('NODE_ENV', 'production');
    render(<Button>x</Button>);
    const style = document.querySelector('style#react-aria-pressable-style')?.textContent ?? '';
    expect(style).toContain('touch-action');
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style)));
    expect(policy).toContain(`'sha256-${btoa(String.fromCharCode(...hash))}'`);
  });
});
