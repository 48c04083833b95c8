import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClockOffset } from './clock-offset.ts'

test('the quickest answer is believed, and the error is never more than half of what it took', () => {
  const answer = fc.record({ gapMs: fc.nat(1_000), thereMs: fc.nat(500), backMs: fc.nat(500) })
  fc.assert(
    fc.property(
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.array(answer, { minLength: 1, maxLength: 20 }),
      (aheadMs, answers) => {
        const clock = new ClockOffset()
        let nowMs = 1_000_000
        let quickest = Number.POSITIVE_INFINITY
        for (const { gapMs, thereMs, backMs } of answers) {
          nowMs += gapMs
          clock.sample(nowMs, nowMs + thereMs + backMs, nowMs + thereMs + aheadMs)
          nowMs += thereMs + backMs
          quickest = Math.min(quickest, thereMs + backMs)
        }
        // Half of the quickest, and what clocks may have drifted since.
        expect(Math.abs(clock.toOurs(nowMs + aheadMs) - nowMs)).toBeLessThanOrEqual(quickest / 2 + 5)
      },
    ),
  )
})

test('an answer that contradicts what is known is believed, however slow it is: a clock was set', () => {
  const clock = new ClockOffset()
  expect(clock.toTheirs(1_000)).toBeNull()
  clock.sample(1_000, 1_002, 1_001)
  clock.sample(2_000, 2_400, 2_350)
  expect(clock.toTheirs(3_000)).toBe(3_000)
  clock.sample(3_000, 3_400, 603_200)
  expect(clock.toTheirs(4_000)).toBe(604_000)
  expect(clock.toOurs(604_000)).toBe(4_000)
})
