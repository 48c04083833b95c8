import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OpenRanges } from './open-ranges.ts'

const START_MS = Date.UTC(2026, 10, 24)
const AFTER_MS = 60_000
const RANGE_MS = 10_000
const RULES = { rangeMs: RANGE_MS, afterMs: AFTER_MS, revisitShare: 0.25 }
const EVER = Number.POSITIVE_INFINITY

test('every range is looked through once old enough, and a restart forgets none that is open', () => {
  const look = fc.record({ waitMs: fc.nat(50_000), restarts: fc.boolean(), settles: fc.boolean() })
  fc.assert(
    fc.property(fc.array(look, { maxLength: 100 }), (looks) => {
      let ranges = new OpenRanges(RULES, START_MS, [])
      let nowMs = START_MS
      const closed = new Set<number>()
      for (const { waitMs, restarts, settles } of looks) {
        nowMs += waitMs
        if (restarts) ranges = new OpenRanges(RULES, ranges.progress.nextMs, ranges.progress.openMs)
        ranges.extend(nowMs, 1_000)
        for (const startMs of ranges.due(nowMs, EVER)) {
          expect(closed.has(startMs)).toBe(false)
          expect(startMs + RANGE_MS + AFTER_MS).toBeLessThanOrEqual(nowMs)
          ranges.visited(startMs, settles ? null : startMs, nowMs)
          if (settles) closed.add(startMs)
        }
      }
      const open = new Set(ranges.progress.openMs)
      for (let startMs = START_MS; startMs < ranges.progress.nextMs; startMs += RANGE_MS) {
        expect(open.has(startMs)).toBe(!closed.has(startMs))
      }
      expect(nowMs - AFTER_MS - ranges.progress.nextMs).toBeLessThan(RANGE_MS)
    }),
  )
})

test('a range that stays open is visited again and again, but a day of it costs few visits', () => {
  const ranges = new OpenRanges(RULES, START_MS, [])
  ranges.extend(START_MS + RANGE_MS + AFTER_MS, 1)
  let visits = 0
  for (let nowMs = START_MS; nowMs < START_MS + 86_400_000; nowMs += 10_000) {
    for (const startMs of ranges.due(nowMs, EVER)) {
      visits++
      ranges.visited(startMs, startMs, nowMs)
    }
  }
  expect(visits).toBeGreaterThan(10)
  expect(visits).toBeLessThan(40)
  expect(ranges.oldestMs).toBe(START_MS)
})

test('a range that is too young or too old is not scanned', () => {
  const ranges = new OpenRanges(RULES, START_MS, [])
  ranges.extend(START_MS + 5 * RANGE_MS + AFTER_MS, 100)
  expect(ranges.due(EVER, START_MS + 1)).toEqual([START_MS])
  expect(ranges.forget(START_MS + 2 * RANGE_MS)).toEqual([START_MS, START_MS + RANGE_MS])
  expect(ranges.due(EVER, EVER)).toHaveLength(3)
  ranges.forget(START_MS + 10 * RANGE_MS)
  expect(ranges.progress).toEqual({ nextMs: START_MS + 10 * RANGE_MS, openMs: [] })
})

test('a restart in the middle of a range begins with that range', () => {
  const ranges = new OpenRanges(RULES, START_MS + RANGE_MS - 1, [START_MS - RANGE_MS])
  expect(ranges.progress).toEqual({ nextMs: START_MS, openMs: [START_MS - RANGE_MS] })
  expect(ranges.due(0, EVER)).toEqual([START_MS - RANGE_MS])
  expect(ranges.oldestMs).toBeNull()
})

test('ranges are taken in as soon as all of their messages are old enough, and so many at once', () => {
  const ranges = new OpenRanges(RULES, START_MS, [])
  ranges.extend(START_MS + RANGE_MS + AFTER_MS - 1, 9)
  expect(ranges.progress.openMs).toEqual([])
  ranges.extend(START_MS + 5 * RANGE_MS + AFTER_MS, 2)
  expect(ranges.progress).toEqual({ nextMs: START_MS + 2 * RANGE_MS, openMs: [START_MS, START_MS + RANGE_MS] })
})

test('those that wait longest are looked through first, of equals the oldest', () => {
  const ranges = new OpenRanges(RULES, START_MS, [])
  const [first, second, third] = [START_MS, START_MS + RANGE_MS, START_MS + 2 * RANGE_MS] as const
  const nowMs = START_MS + 3 * RANGE_MS + AFTER_MS
  ranges.extend(nowMs, 9)
  ranges.visited(third, third, nowMs - 3 * AFTER_MS)
  expect(ranges.due(nowMs, EVER)).toEqual([third, first, second])
  expect(ranges.due(nowMs - 1, EVER)).toEqual([third])
  expect(ranges.due(nowMs, third)).toEqual([first, second])
})

test('a range is visited again after a share of its age, not sooner than it took to be old enough, at the latest when due', () => {
  const dueOf = (ageMs: number, dueMsMax?: number): number => {
    const ranges = new OpenRanges(RULES, START_MS, [])
    ranges.extend(EVER, 1)
    const nowMs = START_MS + ageMs
    ranges.visited(START_MS, START_MS, nowMs, dueMsMax)
    let [from, to] = [nowMs, nowMs + 100 * 86_400_000]
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      if (ranges.due(middle, EVER).length > 0) to = middle
      else from = middle + 1
    }
    return from - nowMs
  }
  expect(dueOf(2 * AFTER_MS)).toBe(AFTER_MS)
  expect(dueOf(8 * AFTER_MS)).toBe(2 * AFTER_MS)
  expect(dueOf(30 * 86_400_000)).toBe(6 * 3_600_000)
  expect(dueOf(8 * AFTER_MS, START_MS + 9 * AFTER_MS)).toBe(AFTER_MS)
})

test('the oldest message that has not got on is that of all open ranges', () => {
  const ranges = new OpenRanges(RULES, START_MS, [])
  ranges.extend(START_MS + 5 * RANGE_MS + AFTER_MS, 9)
  ranges.visited(START_MS + RANGE_MS, START_MS + RANGE_MS + 7, START_MS)
  ranges.visited(START_MS, START_MS + 5, START_MS)
  ranges.visited(START_MS + 2 * RANGE_MS, START_MS + 2 * RANGE_MS + 3, START_MS)
  expect(ranges.oldestMs).toBe(START_MS + 5)
  ranges.visited(START_MS, null, START_MS)
  expect(ranges.oldestMs).toBe(START_MS + RANGE_MS + 7)
})

test('what is forgotten is not taken in again, and what comes after it is', () => {
  const ranges = new OpenRanges(RULES, START_MS + 3 * RANGE_MS, [START_MS, START_MS + RANGE_MS])
  expect(ranges.forget(START_MS + RANGE_MS)).toEqual([START_MS])
  expect(ranges.progress).toEqual({ nextMs: START_MS + 3 * RANGE_MS, openMs: [START_MS + RANGE_MS] })
  ranges.forget(START_MS + 5 * RANGE_MS + 1)
  expect(ranges.progress).toEqual({ nextMs: START_MS + 5 * RANGE_MS, openMs: [] })
})

test('ranges that were open before a restart are looked through from the oldest, however they were kept', () => {
  const starts = [5, 2, 4, 1, 3].map((n) => START_MS + n * RANGE_MS)
  const ranges = new OpenRanges(RULES, START_MS + 9 * RANGE_MS, starts)
  expect(ranges.due(START_MS, EVER)).toEqual(starts.toSorted((a, b) => a - b))
})
