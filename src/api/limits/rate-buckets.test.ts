import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RateBuckets } from './rate-buckets.ts'

test('in any time no more is allowed than the burst and the rate of that time, and one that keeps to the rate is never refused', () => {
  const policy = { perSecond: 50, burst: 20 }
  fc.assert(
    fc.property(
      fc.array(fc.record({ afterMs: fc.nat(200), cost: fc.integer({ min: 1, max: 20 }) }), { maxLength: 200 }),
      (requests) => {
        const buckets = new RateBuckets(policy, 10)
        let nowMs = 1_000
        const taken: { atMs: number; cost: number }[] = []
        for (const { afterMs, cost } of requests) {
          nowMs += afterMs
          const verdict = buckets.take('a', cost, nowMs)
          if (verdict.allowed) taken.push({ atMs: nowMs, cost })
          else {
            // What it says to wait is enough, and not much more than that.
            expect(buckets.take('a', cost, nowMs + verdict.waitMs * 0.5 - 0.001).allowed).toBe(false)
            nowMs += verdict.waitMs
            expect(buckets.take('a', cost, nowMs).allowed).toBe(true)
            taken.push({ atMs: nowMs, cost })
          }
          for (const { atMs } of taken) {
            const since = taken.filter((each) => each.atMs >= atMs).reduce((sum, each) => sum + each.cost, 0)
            expect(since).toBeLessThanOrEqual(policy.burst + ((nowMs - atMs) * policy.perSecond) / 1_000 + 0.001)
          }
        }
      },
    ),
    { numRuns: 50 },
  )
  const steady = new RateBuckets(policy, 10)
  for (let n = 0; n < 1_000; n++) expect(steady.take('a', 1, n * 20).allowed).toBe(true)
})

test('what costs more than a burst is allowed when the burst is whole, and paid off before the next', () => {
  const buckets = new RateBuckets({ perSecond: 100, burst: 10 }, 10)
  expect(buckets.take('a', 1_000, 0)).toMatchObject({ allowed: true, remaining: 0 })
  expect(buckets.take('a', 1, 5_000).allowed).toBe(false)
  expect(buckets.take('a', 1, 9_910).allowed).toBe(true)
})

test('a debt is paid off, units that were not used come back, and 0 is no limit', () => {
  const buckets = new RateBuckets({ perSecond: 10, burst: 10 }, 10)
  buckets.charge('a', 30, 0)
  expect(buckets.take('a', 1, 1_000)).toMatchObject({ allowed: false, waitMs: 1_100 })
  buckets.charge('a', -30, 1_000)
  expect(buckets.take('a', 10, 1_000).allowed).toBe(true)
  const off = new RateBuckets({ perSecond: 0, burst: 0 }, 10)
  for (let n = 0; n < 1_000; n++) expect(off.take('a', 1_000, 0).allowed).toBe(true)
  expect(off.size).toBe(0)
})

test('memory is bounded for any number of keys, and keys that are idle go first', () => {
  const buckets = new RateBuckets({ perSecond: 10, burst: 10 }, 1_000)
  for (let n = 0; n < 20_000; n++) buckets.take(`stranger ${n}`, 1, n / 1_000)
  expect(buckets.size).toBeLessThanOrEqual(1_000)
  for (let n = 0; n < 1_000; n++) buckets.take(`later ${n}`, 1, 1_000_000 + n * 1_000)
  expect(buckets.size).toBeLessThan(10)
})
