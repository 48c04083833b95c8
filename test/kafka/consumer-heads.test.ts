import { expect, test } from 'vitest'
import { DONE, retryAt } from '../../src/kafka/consumer/outcome.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, send, startMember } from '../servers/group-member.ts'

/** 1,000,000 for the record. */
const KEYS = Number(process.env.TEST_DISTINCT_KEYS ?? 30_000)
const HOLD = 2_000
/** Records are taken in by pieces of this size, the last of which may begin when one place is left. */
const PIECE = 500
const POISON = 'poison'

const small = {
  partitionBytesMax: 65_536,
  recordsPerPartitionMax: HOLD,
  headCrowdedMsMax: 300,
  commitIntervalMs: 100,
}

/** A record that never succeeds, two more of its key, and a record each of many keys around them. */
function poisoned(keys: number) {
  const others = Array.from({ length: keys }, (_, n) => ({ key: `key-${n}`, value: 'x' }))
  const poison = ['first', 'second', 'third'].map((value) => ({ key: POISON, value }))
  return [poison[0]!, ...others.slice(0, keys / 2), ...poison.slice(1), ...others.slice(keys / 2)]
}

test('a key that never succeeds at the head of a partition with very many keys: memory keeps its bound, the partition goes on', {
  timeout: 240_000,
}, async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  const records = poisoned(KEYS)
  for (let at = 0; at < records.length; at += 50_000) await send(cluster, topic, records.slice(at, at + 50_000))
  const letters: string[] = []
  const poisonDone: string[] = []
  const verdicts: string[] = []
  let done = 0
  let keysMost = 0
  let heldMost = 0
  let heapMost = 0
  const consumer = await startMember({
    cluster,
    topic,
    groupId,
    options: small,
    handle: (record) => {
      const value = record.value!.toString()
      if (value === 'first') return retryAt(Date.now() + 10)
      if (value === 'x') done++
      else poisonDone.push(value)
      // Every seventh takes time, so that lanes are made and forgotten all along.
      return record.offset % 7 === 0 ? new Promise((resolve) => setImmediate(() => resolve(DONE))) : DONE
    },
    giveUp: async (record, error) => letters.push(`${record.value!.toString()}: ${error}`),
    observer: {
      headOfLine: (_topic, _partition, offset, verdict) => verdicts.push(`${offset} ${verdict}`),
      measured: ({ keysBuffered, partitions }) => {
        keysMost = Math.max(keysMost, keysBuffered)
        heldMost = Math.max(heldMost, ...partitions.map(({ gap, recordsBuffered }) => gap + recordsBuffered))
        heapMost = Math.max(heapMost, process.memoryUsage().heapUsed)
      },
    },
  })
  await eventually(
    'all keys but the first are handled',
    () => done,
    (count) => count === KEYS,
    220_000,
  )
  expect(done).toBe(KEYS)
  expect(verdicts).toEqual(['0 crowded'])
  expect(letters).toEqual([expect.stringContaining('first: given up')])
  expect(poisonDone).toEqual(['second', 'third'])
  expect(keysMost).toBeLessThanOrEqual(HOLD + PIECE)
  expect(heldMost).toBeLessThanOrEqual(HOLD + PIECE)
  await consumer.stop()
  expect(await committedByPartition(cluster, groupId)).toEqual(new Map([[0, records.length]]))
  console.log(`keys ${KEYS}, buffered at most ${heldMost}, heap at most ${Math.round(heapMost / 2 ** 20)} MiB`)
})

test('a handler that never answers is aborted, its record goes to the dead letters, and its key goes on', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const letters: string[] = []
  const handled: string[] = []
  let reported = false
  await send(cluster, topic, [
    { key: POISON, value: 'first' },
    { key: POISON, value: 'second' },
    { key: 'other', value: 'other' },
  ])
  await startMember({
    cluster,
    topic,
    groupId: uniqueName('group'),
    options: { pollIntervalMsMax: 500, drainMsMax: 100, commitIntervalMs: 100 },
    handle: (record, { signal }) => {
      const value = record.value!.toString()
      if (value === 'first') {
        signal.addEventListener('abort', () => {
          reported = true
        })
        return new Promise(() => {})
      }
      handled.push(value)
      return DONE
    },
    giveUp: async (record, error) => letters.push(`${record.value!.toString()}: ${error}`),
  })
  await eventually(
    '2 records are handled',
    () => handled.length,
    (count) => count === 2,
  )
  expect(handled).toEqual(['other', 'second'])
  expect(reported).toBe(true)
  expect(letters).toEqual([expect.stringMatching(/^first: .*has not answered/)])
})

test('without dead letters, a handler that never answers makes the consumer fail and leave its group', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await send(cluster, topic, [{ key: 'a', value: 'a' }])
  const options = { pollIntervalMsMax: 500, drainMsMax: 100, commitIntervalMs: 100 }
  const stuck = await startMember({ cluster, topic, groupId, options, handle: () => new Promise(() => {}) })
  await eventually(
    'the stuck member has failed',
    () => stuck.failure,
    (failure) => failure !== null,
  )
  expect(stuck.failure?.name).toBe('HandlerStuckError')
  const handled: string[] = []
  const handle = (record: { value: Buffer | null }) => {
    handled.push(record.value!.toString())
    return DONE
  }
  await startMember({ cluster: testCluster(), topic, groupId, handle })
  await eventually(
    'the record is handled',
    () => handled.length,
    (count) => count === 1,
  )
  expect(handled).toEqual(['a'])
})
