// The portal's unit tests, which lie beside its code. Run in a copy of the project: see `run`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const FRONT_END = join(import.meta.dirname, 'packages/app/src');

/** The packages that the front end imports. Bundled once and kept: their thousands of files would be read by each test. */
function imported() {
  const files = readdirSync(FRONT_END, { recursive: true }).filter(name => /\.tsx?$/.test(name));
  const found = files.flatMap(name => [...readFileSync(join(FRONT_END, name), 'utf8').matchAll(/ from '([^.'][^']*)'/g)]);
  return [...new Set(found.map(([, name]) => name))].filter(name => !['vitest', '@backstack/common'].includes(name)).sort();
}

/** Pictures and styles that packages import: no test looks at them. */
const withoutAssets = {
  name: 'without-assets',
  resolveId: { filter: { id: /\.(svg|css)$/ }, handler: id => `\0${id}.js` },
  load: { filter: { id: /^\0.*\.(svg|css)\.js$/ }, handler: () => 'export default "";' },
};

const all = {
  // Machines may be busy: a test that waits for something waits long before it fails.
  testTimeout: 60_000,
  expect: { poll: { timeout: 30_000, interval: 20 } },
  // What files share is loaded once. Each test cleans up behind itself.
  isolate: false,
};

export default defineConfig({
  cacheDir: 'vite',
  // Source maps of packages are not kept, and need not be missed.
  logLevel: 'error',
  test: {
    reporters: ['dot'],
    silent: 'passed-only',
    projects: [
      { test: { ...all, name: 'backend', include: ['packages/backend/src/**/*.test.ts'] } },
      {
        // Packages as browsers get them.
        resolve: { mainFields: ['browser', 'module', 'main'] },
        test: {
          ...all,
          name: 'app',
          include: ['packages/app/src/**/*.test.{ts,tsx}'],
          environment: 'jsdom',
          setupFiles: ['packages/app/src/testing/setup.ts'],
          deps: {
            optimizer: {
              client: {
                enabled: true,
                include: [...imported(), 'react/jsx-dev-runtime'],
                rolldownOptions: { plugins: [withoutAssets] },
              },
            },
          },
        },
      },
    ],
  },
});
