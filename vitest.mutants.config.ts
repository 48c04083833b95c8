import { defineConfig } from 'vitest/config'

/** For `npm run mutants`: the unit tests alone, without servers; a mutant that loops for ever is ended by Stryker. */
export default defineConfig({
  test: {
    include: process.env.MUTANT_TESTS?.split(' ') ?? ['{src,bench,test/gateway}/**/*.test.ts', 'test/*.test.ts'],
    // Files share their imports: reading fast-check anew for each would be most of the time.
    isolate: false,
    testTimeout: 60_000,
  },
})
