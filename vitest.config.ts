import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Most of a database test is waiting for the server: one file a core leaves both half idle.
    maxWorkers: '150%',
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/test/**/*.test.ts',
            'examples/*/test/**/*.test.ts',
            'test/*.test.ts',
          ],
          exclude: ['**/*.{postgres,long}.test.ts', '**/node_modules/**'],
          setupFiles: ['test/tripwire.ts'],
          // Property tests take a second alone, and many on a machine that does other work as well.
          testTimeout: 30_000,
          typecheck: {
            enabled: true,
            include: ['packages/*/test/**/*.test-d.ts'],
            tsconfig: 'tsconfig.json',
          },
        },
      },
      {
        // Processes that are killed at random points, and PostgreSQL in WebAssembly: a minute by itself.
        test: {
          name: 'long',
          include: ['packages/*/test/**/*.long.test.ts'],
          globalSetup: ['test/global-postgres.ts'],
          setupFiles: ['test/tripwire.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'postgres',
          include: [
            'packages/*/test/**/*.postgres.test.ts',
            'examples/*/test/**/*.postgres.test.ts',
          ],
          globalSetup: ['test/global-postgres.ts'],
          setupFiles: ['test/tripwire.ts'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
