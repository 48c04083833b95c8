import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TopicPartition } from '../../wire/consumer-protocol.ts'
import { type AssignableMember, assignPartitions } from './assign-partitions.ts'

const TOPIC = 't'

/** Members as they are after earlier assignments: what each owns, and which are present now. */
function settle(members: readonly string[], partitions: number, owned: Map<string, readonly TopicPartition[]>) {
  let current = owned
  // A partition that moves is revoked in one round and assigned in the next.
  for (let round = 0; round < 3; round++) {
    const claims = members.map(
      (memberId): AssignableMember => ({
        memberId,
        instanceId: null,
        topics: [TOPIC],
        owned: current.get(memberId) ?? [],
        generationId: round,
      }),
    )
    current = new Map(assignPartitions(claims, () => partitions))
  }
  return current
}

const membership = fc.record({
  partitions: fc.integer({ min: 1, max: 60 }),
  before: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 }),
  after: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 }),
})

test('every partition has one owner, shares differ by one at most, and no more moves than must', () => {
  fc.assert(
    fc.property(membership, ({ partitions, before, after }) => {
      const first = settle(before, partitions, new Map())
      const second = settle(after, partitions, first)
      const owners = new Map([...second].flatMap(([member, own]) => own.map(({ partition }) => [partition, member])))
      expect(owners.size).toBe(partitions)
      expect([...second.values()].flat()).toHaveLength(partitions)
      const sizes = after.map((member) => second.get(member)!.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      const share = Math.ceil(partitions / after.length)
      for (const member of after.filter((each) => before.includes(each))) {
        const kept = first.get(member)!.filter(({ partition }) => owners.get(partition) === member)
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(first.get(member)!.length, share) - 1)
      }
    }),
  )
})

test('a partition is never given to a new owner while the old one may still have it', () => {
  fc.assert(
    fc.property(membership, ({ partitions, before, after }) => {
      const first = settle(before, partitions, new Map())
      const members = [...new Set([...before, ...after])]
      const claims = members.map(
        (memberId): AssignableMember => ({
          memberId,
          instanceId: null,
          topics: [TOPIC],
          owned: first.get(memberId) ?? [],
          generationId: 1,
        }),
      )
      const next = assignPartitions(claims, () => partitions)
      for (const [member, own] of next) {
        for (const { partition } of own) {
          const owner = before.find((each) => first.get(each)!.some((has) => has.partition === partition))
          expect(owner ?? member).toBe(member)
        }
      }
    }),
  )
})
