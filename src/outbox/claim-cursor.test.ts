import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClaimCursor } from './claim-cursor.ts'

/** A shard whose rows become visible up to `lateMs` after their number was given. */
function visibleRows(lateMs: readonly number[]): { seq: number; visibleAtMs: number }[] {
  return lateMs.map((late, index) => ({ seq: index + 1, visibleAtMs: 1_000 + index * 5 + late }))
}

test('every row is claimed once, however late it becomes visible', () => {
  const late = fc.oneof(fc.constant(0), fc.nat(50), fc.integer({ min: 1_000, max: 20_000 }))
  fc.assert(
    fc.property(fc.array(late, { maxLength: 300 }), fc.array(fc.nat(400), { minLength: 1 }), (lateMs, waitsMs) => {
      const cursor = new ClaimCursor()
      const waiting = new Map(visibleRows(lateMs).map((row) => [row.seq, row]))
      let nowMs = 1_000
      const claim = (places: { shard: number; seqAfter: number }[]): number => {
        const { seqAfter } = places[0]!
        const rows = [...waiting.values()]
          .filter(({ seq, visibleAtMs }) => seq > seqAfter && visibleAtMs <= nowMs)
          .slice(0, 20)
        cursor.claimed(
          rows.map(({ seq }) => ({ shard: 0, seq })),
          1,
        )
        for (const { seq } of rows) waiting.delete(seq)
        return rows.length
      }
      for (let round = 0; round < 2_000 && waiting.size > 0; round++) {
        nowMs += waitsMs[round % waitsMs.length]! + 1
        if (claim(cursor.begin([0], nowMs)) === 20) while (claim(cursor.continue([0])) === 20) nowMs++
        // However short the waits are, the time in which the last row becomes visible is reached.
        if (round > 1_000) nowMs += 2_000
      }
      expect([...waiting.keys()]).toEqual([])
    }),
  )
})

test('claims begin behind what was removed a while ago, and rarely at the beginning when that is slow', () => {
  const cursor = new ClaimCursor()
  let full = 0
  for (let nowMs = 10_000; nowMs < 110_000; nowMs += 10) {
    const { seqAfter } = cursor.begin([3], nowMs)[0]!
    if (seqAfter === 0 && nowMs > 12_000) full++
    else if (nowMs > 13_000) expect(nowMs - seqAfter).toBeLessThan(2_100)
    cursor.claimed([{ shard: 3, seq: nowMs }], seqAfter === 0 ? 400 : 5)
  }
  expect(full).toBeGreaterThan(5)
  expect(full).toBeLessThan(12)
})

test('after a reset nothing is left out', () => {
  const cursor = new ClaimCursor()
  cursor.begin([1], 10_000)
  cursor.claimed([{ shard: 1, seq: 7 }], 1)
  expect(cursor.continue([1])).toEqual([{ shard: 1, seqAfter: 7 }])
  cursor.reset()
  expect(cursor.continue([1])).toEqual([{ shard: 1, seqAfter: 0 }])
  expect(cursor.begin([1], 10_001)).toEqual([{ shard: 1, seqAfter: 0 }])
})
