import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Properties are many runs of what takes a moment, on a machine that may be busy.
          testTimeout: 60_000,
          expect: { requireAssertions: true },
          include: [
            '{src,bench,test/chaos}/**/*.test.ts',
            'test/*.test.ts',
            'test/lag/*.test.ts',
            'test/alerts/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: 'test/servers/start-servers.ts',
          // Longer than `eventually` waits: so the wait fails, and names what it waited for.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Each starts servers of its own, for which the machine's memory and cores are the limit.
          fileParallelism: false,
        },
      },
    ],
  },
})
