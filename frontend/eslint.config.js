import js from '@eslint/js';
import a11y from 'eslint-plugin-jsx-a11y-x';
import hooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import ts from 'typescript-eslint';

export default defineConfig(
  { ignores: ['dist', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [ts.configs.recommendedTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.json', './tsconfig.node.json'] } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-empty-function': 'off',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    extends: [hooks.configs.flat.recommended, a11y.configs.recommended],
    rules: {
      'jsx-a11y-x/no-autofocus': ['error', { ignoreNonDOM: true }],
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Server state comes through api/client.ts.' },
        { name: 'EventSource', message: 'One stream feeds the cache: live/eventStream.ts.' },
        { name: 'localStorage', message: 'Use app/preferences.ts; storage may be denied.' },
      ],
    },
  },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly', document: 'readonly' } },
  },
  {
    files: ['public/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: Object.fromEntries(
        ['addEventListener', 'document', 'HTMLLinkElement', 'HTMLScriptElement', 'localStorage', 'location', 'navigator', 'removeEventListener', 'sessionStorage', 'setTimeout'].map((name) => [name, 'readonly']),
      ),
    },
  },
);
