import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { inBatches } from '../../src/kafka/consumer/handling.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { eventually } from '../gateway/eventually.ts'
import { uniqueName } from './fixtures.ts'

/** All records that a topic has now, partition by partition. */
export async function readTopic(cluster: Cluster, topic: string): Promise<ConsumedRecord[]> {
  await cluster.watch([topic])
  const connections = cluster.connections()
  const partitions = cluster.topic(topic)!.partitions.map(({ partition }) => ({ topic, partition }))
  const ends = await listOffsets(cluster, connections, partitions, LATEST)
  await connections.close()
  const wanted = ends.reduce((sum, { offset }) => sum + offset, 0)
  const records: ConsumedRecord[] = []
  const handling = inBatches({
    recordsMax: 1_000,
    handle: async (batch) => {
      records.push(...batch)
      return []
    },
  })
  const consumer = new Consumer(cluster, consumerOptions({ groupId: uniqueName('reader'), topics: [topic] }), handling)
  await consumer.start()
  await eventually(
    `${wanted} records of ${topic} are read`,
    () => records.length,
    (count) => count >= wanted,
  )
  await consumer.stop()
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}
