import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partitionOfKey } from '../../kafka/wire/murmur2.ts'
import { describeGrowth, growthEffect } from './describe-plan.ts'
import { movedKeys, movedShare } from './key-moves.ts'

test('the share of keys that move is what the partitioner does to many keys', () => {
  const keys = Array.from({ length: 20_000 }, (_, n) => `customer-${n}`)
  const growth = fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 100 }))
  fc.assert(
    fc.property(growth, ([from, more]) => {
      const measured = movedKeys(keys, from, from + more).length / keys.length
      expect(Math.abs(movedShare(from, from + more) - measured)).toBeLessThan(0.02)
    }),
    { numRuns: 30 },
  )
  expect([movedShare(30, 40), movedShare(30, 60), movedShare(30, 30)]).toEqual([0.75, 0.5, 0])
})

test('what growing means is said, with keys of the topic and a better number', () => {
  const effect = growthEffect('sms.accepted', 30, 40, ['acme', 'globex', 'initech', 'hooli'])
  for (const { key, from, to } of effect.examples) {
    expect([from, to]).toEqual([partitionOfKey(key, 30), partitionOfKey(key, 40)])
  }
  const text = describeGrowth(effect).join('\n')
  expect(text).toContain('75% of all keys')
  expect(text).toContain('out of order')
  expect(text).toContain('Doubling to 60 would move only 50%')
})
