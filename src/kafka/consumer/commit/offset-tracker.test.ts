import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeDoneRanges, encodeDoneRanges } from './commit-metadata.ts'
import { OffsetTracker } from './offset-tracker.ts'

/** Offsets with gaps, as compaction leaves them, and the order in which they are completed. */
const scenario = fc
  .tuple(fc.nat(1_000), fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 200 }))
  .chain(([start, steps]) => {
    const offsets: number[] = []
    let next = start
    for (const step of steps) {
      offsets.push(next)
      next += step
    }
    return fc.record({
      start: fc.constant(start),
      offsets: fc.constant(offsets),
      completed: fc.shuffledSubarray(offsets),
    })
  })

test('the watermark is the lowest record not done, and what is done beyond it is named without the rest', () => {
  fc.assert(
    fc.property(scenario, ({ start, offsets, completed }) => {
      const tracker = new OffsetTracker<object>(start)
      const tickets = new Map(offsets.map((offset) => [offset, tracker.begin(offset, {})]))
      let before = tracker.watermark
      for (const offset of completed) {
        tracker.complete(tickets.get(offset)!)
        expect(tracker.watermark).toBeGreaterThanOrEqual(before)
        before = tracker.watermark
      }
      const done = new Set(completed)
      const lowest = offsets.find((offset) => !done.has(offset))
      expect(tracker.watermark).toBe(lowest ?? offsets.at(-1)! + 1)
      const ranges = tracker.doneBeyondWatermark()
      const isNamed = (offset: number): boolean => ranges.some(({ first, last }) => offset >= first && offset <= last)
      for (const offset of offsets) if (offset > tracker.watermark) expect(isNamed(offset)).toBe(done.has(offset))
    }),
  )
})

test('what a commit says of records done beyond it is read back, within the bytes that a broker takes', () => {
  fc.assert(
    fc.property(scenario, ({ start, offsets, completed }) => {
      const tracker = new OffsetTracker<object>(start)
      const tickets = new Map(offsets.map((offset) => [offset, tracker.begin(offset, {})]))
      for (const offset of completed) tracker.complete(tickets.get(offset)!)
      const ranges = tracker.doneBeyondWatermark()
      const metadata = encodeDoneRanges(tracker.watermark, ranges)
      expect(Buffer.byteLength(metadata)).toBeLessThanOrEqual(4_096)
      expect(decodeDoneRanges(tracker.watermark, metadata)).toEqual(ranges)
    }),
  )
})

test('too many runs for the metadata: those nearest the watermark are kept', () => {
  const ranges = Array.from({ length: 5_000 }, (_, index) => ({ first: 10 + index * 1_000, last: 10 + index * 1_000 }))
  const metadata = encodeDoneRanges(5, ranges)
  expect(metadata.length).toBeLessThanOrEqual(3_072)
  const kept = decodeDoneRanges(5, metadata)
  expect(kept).toEqual(ranges.slice(0, kept.length))
  expect(kept.length).toBeGreaterThan(100)
})

test('a buffer without gaps fits whole, whatever the pattern of what is done', () => {
  const scattered = Array.from({ length: 5_000 }, (_, index) => ({ first: 12 + index * 2, last: 12 + index * 2 }))
  const metadata = encodeDoneRanges(10, scattered)
  expect(metadata.length).toBeLessThanOrEqual(3_072)
  expect(decodeDoneRanges(10, metadata)).toEqual(scattered)
})

test('metadata of someone else, or damaged, names nothing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(decodeDoneRanges(7, text)).toEqual([])
    }),
  )
  expect(decodeDoneRanges(7, null)).toEqual([])
  expect(decodeDoneRanges(7, 'smsgw.done.1:gICAgICAgICAgICAgICA')).toEqual([])
})
