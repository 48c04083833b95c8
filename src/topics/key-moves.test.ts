import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliveryPartition } from '../events/delivery-partition.ts'
import { partitionOfKey } from '../kafka/wire/murmur2.ts'
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
  expect(text).toContain('Growing to 60 would move only 50%')
})

test('of a topic with express partitions, the others grow among themselves, and the express ones all move', () => {
  const layout = { partitions: 50, expressPartitions: 5 }
  const effect = growthEffect('sms.delivery', 50, 60, ['acme', 'globex', 'initech', 'hooli'], 5)
  expect(effect.movedShare).toBe(movedShare(45, 55))
  for (const { key, from, to } of effect.examples) {
    expect(from).toBe(deliveryPartition(key, 1, layout))
    expect(to).toBe(deliveryPartition(key, 1, { ...layout, partitions: 60 }))
  }
  const text = describeGrowth(effect).join('\n')
  expect(text).toContain('45 to 49')
  expect(text).toContain('55 to 59')
  expect(text).toContain('Growing to 95 would move only 50%')
})
