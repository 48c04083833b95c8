import fc from 'fast-check'
import { expect, test } from 'vitest'
import { effectiveMinInSync } from './effective-min-in-sync.ts'

test('a partition that has all its replicas in sync always takes writes', () => {
  fc.assert(
    fc.property(
      fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      fc.integer({ min: 1, max: 5 }),
      (min, replicas) => {
        const needed = effectiveMinInSync(min?.toString(), replicas)
        expect(needed).toBeLessThanOrEqual(replicas)
        if ((min ?? 1) <= replicas) expect(needed).toBe(min ?? 1)
      },
    ),
  )
})
