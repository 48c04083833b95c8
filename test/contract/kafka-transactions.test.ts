import { expect, test } from 'vitest'
import { readRange } from '../../src/kafka/admin/read-range.ts'
import { readRecord } from '../../src/kafka/admin/read-record.ts'
import type { ConsumerMeasure } from '../../src/kafka/consumer/consumer-observer.ts'
import { LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'
import { eventually } from '../gateway/eventually.ts'
import { readLag } from '../gateway/read-lag.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, startMember } from '../servers/group-member.ts'
import { beginTransaction, produceBatch } from '../servers/transactional-producer.ts'

/** A topic with records of no transaction around one that was aborted and one that was committed. */
async function mixedTopic() {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  await produceBatch(cluster, topic, ['before'])
  const aborted = await beginTransaction(cluster, topic, ['aborted 1', 'aborted 2'])
  const committed = await beginTransaction(cluster, topic, ['committed'])
  await produceBatch(cluster, topic, ['between'])
  await aborted.end(false)
  await committed.end(true)
  await produceBatch(cluster, topic, ['after'])
  return { cluster, topic }
}

const HANDLED = ['before', 'committed', 'between', 'after']

test('a consumer handles what was committed, and neither what was aborted nor the markers', async () => {
  const { cluster, topic } = await mixedTopic()
  const groupId = uniqueName('group')
  const seen: string[] = []
  await startMember({
    cluster,
    topic,
    groupId,
    handle: (record) => {
      seen.push(record.value!.toString())
      return DONE
    },
  })
  await eventually(
    'the last record is handled',
    () => seen,
    (values) => values.includes('after'),
  )
  expect(seen).toEqual(HANDLED)
  // Four offsets of values, two of aborted ones, two of markers.
  const committed = await eventually(
    'all 8 offsets are committed',
    () => committedByPartition(cluster, groupId),
    (offsets) => offsets.get(0) === 8,
  )
  expect(committed).toEqual(new Map([[0, 8]]))
  expect(await readLag(cluster, cluster.connections(), groupId)).toMatchObject([{ lag: 0, currentOffset: 8 }])
})

test('replay and single reads leave out what was aborted', async () => {
  const { cluster, topic } = await mixedTopic()
  const connections = cluster.connections()
  const values: string[] = []
  for await (const records of readRange(cluster, connections, { topic, partition: 0, first: 0, end: 8 })) {
    values.push(...records.map(({ value }) => value!.toString()))
  }
  expect(values).toEqual(HANDLED)
  const record = await readRecord(cluster, connections, { topic, partition: 0 }, 1)
  expect(record!.value!.toString()).toBe('committed')
  await connections.close()
})

test('while a transaction is open nothing behind it is read, and it counts as uncommitted and not as lag', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await produceBatch(cluster, topic, ['before'])
  const open = await beginTransaction(cluster, topic, ['open 1', 'open 2'])
  await produceBatch(cluster, topic, ['behind'])
  const seen: string[] = []
  let measured: ConsumerMeasure | null = null
  await startMember({
    cluster,
    topic,
    groupId,
    handle: (record) => {
      seen.push(record.value!.toString())
      return DONE
    },
    observer: {
      measured: (measure) => {
        measured = measure
      },
    },
  })
  const partition = await eventually(
    '3 records are uncommitted',
    () => measured?.partitions[0],
    (each) => each?.uncommittedRecords === 3 && each.lag === 0,
  )
  expect(partition).toMatchObject({ uncommittedRecords: 3, lag: 0 })
  expect(seen).toEqual(['before'])
  const connections = cluster.connections()
  expect(await listOffsets(cluster, connections, [{ topic, partition: 0 }], LATEST)).toMatchObject([{ offset: 1 }])
  await connections.close()
  await open.end(true)
  await eventually(
    '4 records are handled',
    () => seen.length,
    (count) => count === 4,
  )
  expect(seen).toEqual(['before', 'open 1', 'open 2', 'behind'])
})
