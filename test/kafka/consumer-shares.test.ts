import { expect, test } from 'vitest'
import type { PartitionMeasure } from '../../src/kafka/consumer/consumer-observer.ts'
import { DONE, type SettledOutcome } from '../../src/kafka/consumer/outcome.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, send, startMember } from '../servers/group-member.ts'
import { loseRecords } from '../servers/lose-records.ts'

const HEAVY = 20_000
const LIGHT_EVERY = 100
const SHARE_MAX = 50

/** The share is what comes before the dash of a key. */
const options = {
  shareOf: ({ key }: ConsumedRecord): string => key!.toString().split('-')[0]!,
  recordsPerShareMax: SHARE_MAX,
  recordsPerPartitionMax: 200,
  partitionBytesMax: 32_768,
  commitIntervalMs: 100,
}

/** One share that fills the log, and among it a record of another now and then. */
function records() {
  return Array.from({ length: HEAVY }, (_, n) => ({
    key: n % LIGHT_EVERY === 0 ? `light-${n}` : `heavy-${n % 7}`,
    value: `${n}`,
  }))
}

/** A handler that keeps heavy records until it is resumed. */
function gated() {
  const gate = Promise.withResolvers<void>()
  const offsets: number[] = []
  const lastOfKey = new Map<string, number>()
  let light = 0
  let isOpen = false
  const overtaken: string[] = []
  const handle = async ({ key, offset }: ConsumedRecord): Promise<SettledOutcome> => {
    const name = key!.toString()
    if (name.startsWith('light')) light++
    else if (!isOpen) await gate.promise
    if ((lastOfKey.get(name) ?? -1) >= offset) overtaken.push(`${name}: ${offset}`)
    lastOfKey.set(name, offset)
    offsets.push(offset)
    return DONE
  }
  const open = (): void => {
    isOpen = true
    gate.resolve()
  }
  return { handle, open, offsets, overtaken, light: () => light }
}

test('a share that does not get on holds up no other of its partition, and in the end all is handled once, in order', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await send(cluster, topic, records())
  const { handle, open, offsets, overtaken, light } = gated()
  let most: PartitionMeasure | undefined
  const member = await startMember({
    cluster,
    topic,
    groupId,
    handle,
    options,
    observer: {
      measured: ({ partitions: [each] }) => {
        if (each && each.deferred >= (most?.deferred ?? 0)) most = each
      },
    },
  })
  await eventually('all light keys are handled', light, (count) => count === HEAVY / LIGHT_EVERY)
  expect(light()).toBe(HEAVY / LIGHT_EVERY)
  const reported = await eventually(
    'the records of the heavy key are deferred',
    () => most,
    (each) => (each?.deferred ?? 0) > HEAVY * 0.98,
  )
  expect(reported!.recordsBuffered).toBeLessThanOrEqual(SHARE_MAX)
  expect(reported!.lag).toBeGreaterThan(HEAVY - 10)
  open()
  await eventually(
    'all records are handled',
    () => offsets.length,
    (count) => count >= HEAVY,
    60_000,
  )
  expect(new Set(offsets).size).toBe(HEAVY)
  expect(offsets).toHaveLength(HEAVY)
  expect(overtaken).toEqual([])
  await member.stop()
  expect(await committedByPartition(cluster, groupId)).toEqual(new Map([[0, HEAVY]]))
})

test('skipped records go to the next member, and what was done beyond them is not done again', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await send(cluster, topic, records())
  const first = gated()
  const stopping = await startMember({
    cluster,
    topic,
    groupId,
    handle: first.handle,
    options: { ...options, drainMsMax: 10 },
  })
  await eventually('all light keys are handled', first.light, (count) => count === HEAVY / LIGHT_EVERY)
  await stopping.stop()
  const second = gated()
  second.open()
  await startMember({ cluster: testCluster(), topic, groupId, handle: second.handle, options })
  const rest = HEAVY - first.offsets.length
  await eventually(
    'the second member has handled the rest',
    () => second.offsets.length,
    (count) => count >= rest,
    60_000,
  )
  const again = second.offsets.filter((offset) => first.offsets.includes(offset)).length
  console.log(`${first.offsets.length} done beyond the watermark, ${again} of them done again`)
  expect(second.offsets.length - again).toBe(rest)
  expect(again).toBe(0)
  expect(second.overtaken).toEqual([])
})

test('skipped records that have left the log since are not waited for', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await send(cluster, topic, records())
  const { handle, open, offsets, light } = gated()
  const member = await startMember({ cluster, topic, groupId, handle, options })
  await eventually('all light keys are handled', light, (count) => count === HEAVY / LIGHT_EVERY)
  await loseRecords(cluster, topic)
  await send(cluster, topic, [{ key: 'heavy-last', value: 'last' }])
  open()
  await eventually(
    'the last record is handled',
    () => offsets.includes(HEAVY),
    (isThere) => isThere,
  )
  expect(offsets).toContain(HEAVY)
  await member.stop()
  expect(await committedByPartition(cluster, groupId)).toEqual(new Map([[0, HEAVY + 1]]))
})
