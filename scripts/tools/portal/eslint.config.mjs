// What is expected of the portal's code beyond what its compiler sees, and of the repository's other JavaScript. Run in a
// copy of the project: see `run`.
import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const TYPED = ['packages/**/*.ts', 'packages/**/*.tsx'];

export default defineConfig(
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    // Tools that run in Node.js, and parts of them in a browser's pages.
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  { files: ['scripts/*.js', 'other/scripts/tools/vscode/extension/*.js'], languageOptions: { sourceType: 'commonjs' } },
  {
    files: TYPED,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    rules: { '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  {
    // The router waits for what its handlers promise (express-promise-router), which Express's types do not say.
    files: ['router', 'docsRoutes', 'questions'].map(name => `packages/backend/src/platform/${name}.ts`),
    rules: { '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }] },
  },
  {
    files: ['packages/app/src/**'],
    ignores: ['packages/app/src/platform/Warning.tsx'],
    rules: {
      'no-restricted-imports': ['error', {
        paths: [{ name: '@backstage/core-components', importNames: ['WarningPanel'], message: 'It hides the reason: take Warning of platform/Warning.tsx.' }],
      }],
    },
  },
  { files: ['packages/app/**'], extends: [reactHooks.configs.flat.recommended, jsxA11y.flatConfigs.recommended] },
);
