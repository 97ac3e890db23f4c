import { fileURLToPath } from 'node:url';
import optimizeLocales from '@react-aria/optimize-locales-plugin';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { catalogues } from './build/catalogues.ts';
import { precompress } from './build/precompress.ts';
import { mockServer } from './dev/mock/plugin.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where `npm run dev` finds the server, and the public URL that server was told (it checks `Origin` against it). */
const server = process.env.PULT_DEV_SERVER ?? 'http://127.0.0.1:8080';
const publicUrl = process.env.PULT_DEV_PUBLIC_URL ?? 'http://localhost:8080';
const toServer = { target: server, headers: { origin: publicUrl } };

export default defineConfig(({ mode }) => ({
  plugins: [
    react(),
    catalogues(at('./src/i18n/messages')),
    { ...optimizeLocales.vite({ locales: ['de-DE', 'en-US'] }), enforce: 'pre' as const },
    precompress(),
    ...(mode === 'mock' ? [mockServer()] : []),
  ],
  resolve: {
    alias: [
      { find: '~', replacement: at('./src') },
      // Messages arrive compiled (build/catalogues.ts), so the browser needs no ICU parser.
      {
        find: /^@formatjs\/icu-messageformat-parser$/,
        replacement: at('./node_modules/@formatjs/icu-messageformat-parser/no-parser.js'),
      },
    ],
  },
  build: {
    // The polyfill is an inline script, which our CSP refuses.
    modulePreload: { polyfill: false },
    // Inlined assets would be data: URLs in CSS; files are cached for a year instead.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Changes with its own version only, so that an upgrade of Pult leaves it in the browser's cache.
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 2 },
            // What every page needs, in one request instead of a dozen.
            { name: 'base', tags: ['$initial'], priority: 1 },
            // Icons that more than one page shows: together smaller than one request.
            { name: 'icons', test: /node_modules[\\/]lucide-react[\\/]/, minShareCount: 2 },
          ],
        },
      },
    },
    license: { fileName: 'licenses.md' },
  },
  server: {
    proxy: mode === 'mock' ? undefined : { '/api': toServer, '/auth': toServer, '/enter': toServer, '^/desktop/[^/]+/.': { ...toServer, ws: true } },
  },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { settings: { navigation: { disableMainFrameNavigation: true, disableChildPageNavigation: true } } } },
    include: ['src/**/*.test.{ts,tsx}'],
    testTimeout: 30_000,
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
  },
}));
