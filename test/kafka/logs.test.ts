import { murmur2 } from '@platformatic/kafka'
import { expect, onTestFinished, test } from 'vitest'
import { EARLIEST, LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { fill, send, startMember } from '../servers/group-member.ts'
import { loseRecords } from '../servers/lose-records.ts'

/** What a member was handed, and where it had to begin again. */
function reader() {
  const values: string[] = []
  const resets: string[] = []
  const handle = ({ value }: ConsumedRecord) => {
    values.push(value!.toString())
    return DONE
  }
  const outOfRange = (_topic: string, _partition: number, from: number, to: number): void => {
    resets.push(`${from} → ${to}`)
  }
  return { values, resets, handle, observer: { outOfRange } }
}

test('records of one key are on one partition, and each position is what a reader finds', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 7)
  const producer = new Producer(cluster)
  onTestFinished(() => producer.close())
  await producer.start([topic])
  const sends = Array.from({ length: 210 }, (_, n) => producer.send({ topic, key: `k${n % 30}`, value: `${n}` }))
  const positions = new Map((await Promise.all(sends)).map((position, n) => [`${n}`, position]))
  const partitionOf = new Map<string, number>()
  const faults: string[] = []
  let records = 0
  await startMember({
    cluster,
    topic,
    groupId: uniqueName('group'),
    handle: ({ partition, offset, key, value }) => {
      const [name, number] = [key!.toString(), value!.toString()]
      const position = positions.get(number)
      if (position?.partition !== partition || position.offset !== offset) faults.push(`${number} is elsewhere`)
      if ((partitionOf.get(name) ?? partition) !== partition) faults.push(`${name} is on two partitions`)
      partitionOf.set(name, partition)
      records++
      return DONE
    },
  })
  await eventually(
    'all 210 records are read',
    () => records,
    (count) => count === 210,
  )
  expect(faults).toEqual([])
  // By another's function of the same hash: what other clients produce under a key is on the same partition.
  for (const [name, partition] of partitionOf) expect(partition).toBe((murmur2(name) & 0x7fffffff) % 7)
})

test('what retention deletes is gone for every reader: the log begins behind it', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('group')
  await fill(cluster, topic, 10)
  const held = reader()
  const member = await startMember({ cluster, topic, groupId, handle: held.handle })
  await eventually(
    '10 records are read',
    () => held.values.length,
    (count) => count === 10,
  )
  await member.stop()
  await fill(cluster, topic, 5, 10)
  expect(await loseRecords(cluster, topic)).toEqual([15])
  await fill(cluster, topic, 3, 15)
  const connections = cluster.connections()
  onTestFinished(() => connections.close())
  const offsetsAt = (at: number) => listOffsets(cluster, connections, [{ topic, partition: 0 }], at)
  expect((await offsetsAt(EARLIEST))[0]!.offset).toBe(15)
  expect((await offsetsAt(LATEST))[0]!.offset).toBe(18)
  const [late, fresh] = [reader(), reader()]
  await startMember({ cluster, topic, groupId, handle: late.handle, observer: late.observer })
  await startMember({ cluster, topic, groupId: uniqueName('group'), handle: fresh.handle, observer: fresh.observer })
  await eventually(
    'both groups have read what is left',
    () => [late.values, fresh.values],
    (both) => both.every(({ length }) => length === 3),
  )
  expect([late.values, fresh.values]).toEqual(Array(2).fill(['15', '16', '17']))
  // It had committed an offset that is gone; the new group begins where the log does.
  expect([late.resets, fresh.resets]).toEqual([['10 → 15'], []])
})

test('a record is found by its time, and a group that wants only what is new begins at the end', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  for (const timestampMs of [1_000, 2_000, 3_000])
    await send(cluster, topic, [{ key: null, value: 'old', timestampMs }])
  const connections = cluster.connections()
  onTestFinished(() => connections.close())
  const at = async (ms: number) => (await listOffsets(cluster, connections, [{ topic, partition: 0 }], ms))[0]!.offset
  expect([await at(1_500), await at(3_000), await at(3_001)]).toEqual([1, 2, -1])
  const { values, handle } = reader()
  await startMember({ cluster, topic, groupId: uniqueName('group'), handle, options: { startFrom: 'latest' } })
  await fill(cluster, topic, 2)
  await eventually(
    'the new records are read',
    () => values.length,
    (count) => count === 2,
  )
  expect(values).toEqual(['0', '1'])
})
