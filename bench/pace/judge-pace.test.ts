import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgePace, judgeStretches, perSecondOf, secondsUntilUsed } from './judge-pace.ts'

/** One every ten milliseconds. */
function even(count: number, fromMs = 0): number[] {
  return Array.from({ length: count }, (_, index) => fromMs + index * 10)
}

test('an even row of a hundred a second uses all of that pace, and half of twice that', () => {
  expect(judgePace(even(501), 100)).toEqual({ submits: 501, seconds: 5, most: 100, usedPercent: 100, gapMsMax: 10 })
  expect(judgePace(even(501), 200).usedPercent).toBe(50)
})

test('a second that begins anywhere counts: a burst across a full second is seen', () => {
  const burst = [...even(60, 600), ...even(60, 1_001)]
  expect(judgePace(burst, 100).most).toBe(120)
  expect(judgePace([0, 999], 1).most).toBe(2)
  expect(judgePace([0, 1_000], 1).most).toBe(1)
})

test('the most in any second is what counting from each arrival finds', () => {
  const arrivals = fc.array(fc.nat(5_000), { minLength: 2, maxLength: 200 })
  fc.assert(
    fc.property(arrivals, (times) => {
      const counts = times.map((from) => times.filter((ms) => ms >= from && ms < from + 1_000).length)
      expect(judgePace(times, 100).most).toBe(Math.max(...counts))
    }),
  )
})

test('what a change costs shows in the stretch that it begins', () => {
  const arrivals = [...even(100), ...even(50, 1_500), ...even(101, 2_000)]
  const changes = [
    { change: 'begin', atMs: 0 },
    { change: 'a worker leaves', atMs: 1_000 },
    { change: 'a worker joins', atMs: 2_000 },
  ]
  expect(judgeStretches(arrivals, 100, changes)).toEqual([
    { change: 'begin', atSeconds: 0, usedPercent: 100, gapMsMax: 10 },
    { change: 'a worker leaves', atSeconds: 1, usedPercent: 50, gapMsMax: 500 },
    { change: 'a worker joins', atSeconds: 2, usedPercent: 100, gapMsMax: 10 },
  ])
})

test('seconds without arrivals are there as well, and the last one only if it is whole', () => {
  expect(perSecondOf([...even(100), ...even(50, 2_000)])).toEqual([
    [0, 100],
    [1, 0],
  ])
})

test('a pace is used again when a whole second of it was', () => {
  const slow = Array.from({ length: 100 }, (_, index) => index * 20)
  const arrivals = [...slow, ...even(200, 2_000)]
  expect(secondsUntilUsed(arrivals, 100, 1, 500)).toBeCloseTo(2.49)
  expect(secondsUntilUsed(arrivals, 100, 1, 2_000)).toBeCloseTo(0.99)
  expect(secondsUntilUsed(slow, 100, 0.95, 0)).toBeNull()
})
