import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/run/longest-first.ts'

/** Tests of adapters wait more than they compute: for time-outs, rebalances, retries. So more files than cores run at once. */
const FILES_AT_ONCE = Math.max(3, availableParallelism() - 1)
/** Each starts servers of its own, for which the machine's memory and cores are the limit. */
const GATEWAYS_AT_ONCE = 2

// Reading and compiling the source is most of what a process of the gateway does at its start: 3.9 s of CPU, with this 2.5.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.smsgw/cache/compiled')
/** What a broker promises: the suite runs on the one in memory (`memory`) and on a real one (`contract`). */
const ON_BOTH_BROKERS = 'test/kafka/*.test.ts'

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // `npm run coverage`: of the unit tests alone, in their own processes; what tests start as processes is not seen.
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary'],
      // A run that covers a whole per cent more raises these here. They are never lowered: write the missing test.
      thresholds: { lines: 62, functions: 55, branches: 59, statements: 61, autoUpdate: Math.floor },
    },
    projects: [
      {
        test: {
          name: 'unit',
          // Files share their imports, which would be half of the time; what a test changes it restores.
          isolate: false,
          maxWorkers: FILES_AT_ONCE,
          // Properties are many runs of what takes a moment, on a machine that may be busy.
          testTimeout: 90_000,
          expect: { requireAssertions: true },
          include: [
            '{src,bench,release,test/chaos,test/gateway}/**/*.test.ts',
            'test/*.test.ts',
            'test/{lag,alerts,roles,kafka-in-memory,delivery}/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'memory',
          maxWorkers: FILES_AT_ONCE,
          include: [ON_BOTH_BROKERS],
          globalSetup: 'test/kafka-in-memory/start-broker.ts',
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'contract',
          maxWorkers: FILES_AT_ONCE,
          include: ['test/contract/**/*.test.ts', ON_BOTH_BROKERS],
          globalSetup: 'test/servers/start-servers.ts',
          // Longer than `eventually` waits: so the wait fails, and names what it waited for.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'integration',
          maxWorkers: GATEWAYS_AT_ONCE,
          // After the others, which share one Kafka and one PostgreSQL.
          sequence: { groupOrder: 1 },
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
})
