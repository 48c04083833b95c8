import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'

const topics = fc.uniqueArray(fc.constantFrom('a', 'sms.delivery', 'ü'), { minLength: 1 })
const partitions = fc.uniqueArray(fc.record({ topic: fc.constantFrom('a', 'b'), partition: fc.nat(99) }), {
  selector: ({ topic, partition }) => `${topic}[${partition}]`,
})
const byName = <T extends { topic: string }>(each: readonly T[]): T[] =>
  [...each].sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0))

test('what a member says of itself is what the leader reads: topics, what it owns, and since when', () => {
  fc.assert(
    fc.property(topics, partitions, fc.integer({ min: -1, max: 1_000 }), (named, owned, generationId) => {
      const read = decodeSubscription(encodeSubscription({ topics: named, owned, generationId }))
      expect({ ...read, owned: byName(read.owned) }).toEqual({ topics: named, owned: byName(owned), generationId })
    }),
  )
})

test('user data of another client is skipped', () => {
  const ours = encodeSubscription({ topics: ['t'], owned: [{ topic: 't', partition: 7 }], generationId: 3 })
  const userDataAt = 2 + 4 + 2 + 1
  const userData = Buffer.from([0, 0, 0, 3, 1, 2, 3])
  const theirs = Buffer.concat([ours.subarray(0, userDataAt), userData, ours.subarray(userDataAt + 4)])
  expect(decodeSubscription(theirs)).toEqual({ topics: ['t'], owned: [{ topic: 't', partition: 7 }], generationId: 3 })
})

test('an assignment is read as it was written', () => {
  fc.assert(
    fc.property(partitions, (assigned) => {
      expect(byName(decodeAssignment(encodeAssignment(assigned)))).toEqual(byName(assigned))
    }),
  )
})
