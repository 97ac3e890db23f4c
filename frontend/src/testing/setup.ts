import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import { queryClient } from '~/api/queryClient';
import { localePreference } from '~/app/preferences';
import { forgetChanges } from '~/live/changes';

// A busy machine is slow to show what it shows; what never comes still fails.
configure({ asyncUtilTimeout: 10_000 });

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
