import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OffsetSet } from './offset-set.ts'

/** Offsets in rising order, some in a row, some far apart. */
const offsets = fc
  .tuple(
    fc.nat(10_000),
    fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9_000 })), { maxLength: 200, size: 'max' }),
  )
  .map(([start, steps]) => {
    const all = [start]
    for (const step of steps) all.push(all.at(-1)! + step)
    return all
  })

test('a set of offsets is a set of offsets', () => {
  fc.assert(
    fc.property(offsets, fc.infiniteStream(fc.boolean()), fc.array(fc.nat(20_000)), (added, luck, asked) => {
      const model = new Set(added)
      const set = new OffsetSet()
      for (const offset of added) set.add(offset)
      for (const offset of added) {
        if (luck.next().value === true) continue
        model.delete(offset)
        set.delete(offset)
        expect(set.first).toBe(Math.min(...model))
      }
      expect(set.size).toBe(model.size)
      for (const from of [...asked, ...added, ...added.map((offset) => offset + 1)]) {
        expect(set.has(from)).toBe(model.has(from))
        expect(set.next(from)).toBe(Math.min(...[...model].filter((offset) => offset >= from)))
        let missing = from
        while (model.has(missing)) missing++
        expect(set.nextMissing(from)).toBe(missing)
      }
    }),
  )
})
