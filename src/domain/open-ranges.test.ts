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

test('nothing is looked through of which nothing can be told yet, nor what is too old', () => {
  const ranges = new OpenRanges(RULES, START_MS, [])
  ranges.extend(START_MS + 5 * RANGE_MS + AFTER_MS, 100)
  expect(ranges.due(EVER, START_MS + 1)).toEqual([START_MS])
  expect(ranges.forget(START_MS + 2 * RANGE_MS)).toEqual([START_MS, START_MS + RANGE_MS])
  expect(ranges.due(EVER, EVER)).toHaveLength(3)
  ranges.forget(START_MS + 10 * RANGE_MS)
  expect(ranges.progress).toEqual({ nextMs: START_MS + 10 * RANGE_MS, openMs: [] })
})
