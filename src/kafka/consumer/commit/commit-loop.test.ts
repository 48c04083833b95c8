import { expect, test } from 'vitest'
import { consumedRecord } from '../../../../test/servers/consumed-record.ts'
import { KafkaCode } from '../../errors.ts'
import { AssignedPartition } from '../assigned-partition.ts'
import type { PartitionCommit } from '../group/group-coordinator.ts'
import { CommitLoop } from './commit-loop.ts'

/** A loop whose coordinator answers each commit with the next of the codes, then with none. */
function loop(codes: number[] = []) {
  const sent: PartitionCommit[] = []
  const troubles: Error[] = []
  let rejoins = 0
  const coordinator = {
    commit: async (_member: unknown, commits: readonly PartitionCommit[]) => {
      sent.push(...commits)
      return commits.map(({ topic, partition }) => ({ topic, partition, code: codes.shift() ?? KafkaCode.NONE }))
    },
  }
  const membership = { identity: { memberId: 'm', generationId: 1 }, tenure: 0, askToRejoin: () => rejoins++ }
  const commits = new CommitLoop(coordinator, membership, { troubled: (error) => troubles.push(error) })
  return { commits, sent, troubles, membership, rejoins: () => rejoins }
}

/** Ten records from offset 100, of which those at `done` are done. */
function partition(...done: number[]) {
  const assigned = new AssignedPartition('t', 0, { topicId: '', offset: 100 })
  const held = Array.from({ length: 10 }, (_, n) => assigned.hold(consumedRecord({ offset: 100 + n }))!)
  for (const n of done) assigned.complete(held[n]!)
  return { assigned, held }
}

test('an unchanged watermark is committed again only when more is done beyond it', async () => {
  const { commits, sent } = loop()
  const { assigned, held } = partition(1)
  await commits.commit([assigned])
  await commits.commit([assigned])
  expect(sent).toHaveLength(1)
  assigned.complete(held[5]!)
  await commits.commit([assigned])
  expect(sent.map(({ offset }) => offset)).toEqual([100, 100])
  expect(sent[0]!.metadata).not.toBe(sent[1]!.metadata)
})

test('a broker that refuses the metadata gets the same offset without it, at once and from then on', async () => {
  const { commits, sent, troubles } = loop([KafkaCode.OFFSET_METADATA_TOO_LARGE])
  const { assigned, held } = partition(0, 2)
  await commits.commit([assigned])
  expect(sent).toMatchObject([
    { offset: 101, metadata: expect.stringContaining('smsgw.done') },
    { offset: 101, metadata: '' },
  ])
  expect(troubles[0]!.message).toContain('OFFSET_METADATA_TOO_LARGE')
  expect(assigned.committedOffset).toBe(101)
  assigned.complete(held[1]!)
  await commits.commit([assigned])
  expect(sent[2]).toMatchObject({ offset: 103, metadata: '' })
})

test('a last commit that meets a rebalance is made again, but not once the member was expelled', async () => {
  const { commits, sent, membership } = loop([KafkaCode.REBALANCE_IN_PROGRESS, KafkaCode.REBALANCE_IN_PROGRESS])
  const { assigned, held } = partition(0)
  await commits.commitLast([assigned], 5_000)
  expect(sent.map(({ offset }) => offset)).toEqual([101, 101, 101])
  expect(assigned.committedOffset).toBe(101)
  assigned.complete(held[1]!)
  expect(await commits.commit([assigned])).toBe(false)
  expect(sent).toHaveLength(3)
  assigned.isReleased = false
  const expelled = loop([KafkaCode.REBALANCE_IN_PROGRESS])
  const committing = expelled.commits.commitLast([assigned], 5_000)
  expelled.membership.tenure++
  await committing
  expect(expelled.sent).toHaveLength(1)
  expect(membership.tenure).toBe(0)
})

test('an answer that expels the member is not followed by the same commit under its next generation', async () => {
  const { commits, sent, rejoins } = loop([KafkaCode.ILLEGAL_GENERATION])
  const { assigned } = partition(0)
  await commits.commit([assigned])
  expect(sent).toHaveLength(1)
  expect(rejoins()).toBe(1)
  expect(assigned.committedOffset).toBe(100)
})
