import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProductionTimes } from '../../src/monitor/lag/production-times.ts'
import { play } from './scripted-partition.ts'

/** Ages below that are as fine as sampling every five seconds allows. */
const SAMPLE_SECONDS = 5

test('seconds behind are within 20 % of the truth, whatever the traffic', () => {
  const phase = fc.record({
    seconds: fc.integer({ min: 1, max: 600 }),
    produced: fc.constantFrom(0, 0, 1, 3, 40, 200),
    handled: fc.constantFrom(0, 0, 1, 30, 150, 1_000),
  })
  fc.assert(
    fc.property(fc.array(phase, { minLength: 1, maxLength: 6 }), (phases) => {
      const bySecond = phases.flatMap((each) => Array<typeof each>(each.seconds).fill(each))
      const moments = play({
        seconds: bySecond.length,
        produced: (s) => bySecond[s]!.produced,
        handled: (s) => bySecond[s]!.handled,
      })
      for (const { seconds, trueSeconds, isGuess } of moments) {
        if (isGuess) continue
        expect(Math.abs(seconds! - trueSeconds)).toBeLessThanOrEqual(SAMPLE_SECONDS + 0.2 * trueSeconds)
      }
    }),
    { numRuns: 60 },
  )
})

test('a week of traffic is remembered in a few hundred ends', () => {
  const times = new ProductionTimes()
  const hour = 3_600_000
  for (let ms = 0; ms <= 168 * hour; ms += 30_000) times.observe(Math.floor(ms / 100), ms)
  for (const ageMs of [60_000, hour, 10 * hour, 100 * hour]) {
    const age = times.ageOf(Math.floor((168 * hour - ageMs) / 100), 168 * hour)!
    expect(age.isExtrapolated).toBe(false)
    expect(Math.abs(age.ms - ageMs) / ageMs).toBeLessThan(0.2)
  }
  // Bounded: a day that was seen second by second has been thinned, so what is older than all is a guess.
  expect(times.covers(0)).toBe(true)
})

test('what was not watched is guessed from the rate, never further back than twice what was watched', () => {
  const times = new ProductionTimes()
  for (let s = 0; s <= 100; s++) times.observe(100_000 + s * 100, s * 1_000)
  expect(times.ageOf(99_000, 100_000)).toEqual({ ms: 110_000, isExtrapolated: true })
  expect(times.ageOf(0, 100_000)).toEqual({ ms: 200_000, isExtrapolated: true })
})

test('a record whose time was read is known, and so are those behind it', () => {
  const times = new ProductionTimes()
  times.observe(101, 600_000)
  times.remember(100, 0)
  expect(times.ageOf(100, 600_000)).toEqual({ ms: 600_000, isExtrapolated: false })
  times.remember(50, -1_000_000)
  expect(times.ageOf(50, 600_000)!.ms).toBe(1_600_000)
  expect(times.ageOf(75, 600_000)!.ms).toBeLessThan(1_600_000)
})

test('a log that begins anew under the same name is another one', () => {
  const times = new ProductionTimes()
  times.observe(1_000, 0)
  times.observe(5, 10_000)
  expect(times.ageOf(4, 20_000)).toEqual({ ms: 20_000 - 10_000, isExtrapolated: true })
})
