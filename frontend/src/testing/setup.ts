import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import { queryClient } from '~/api/queryClient';
import { localePreference } from '~/app/preferences';
import { forgetChanges } from '~/live/changes';

beforeEach(() => {
  localePreference.set('de');
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  forgetChanges();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});
