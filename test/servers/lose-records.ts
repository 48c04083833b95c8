import { deleteRecordsV2 } from '@platformatic/kafka'
import { callBroker } from '../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { KafkaError } from '../../src/kafka/errors.ts'

/** Deletes all records that a topic has now, read or not. Returns the ends up to which, by partition. */
export async function loseRecords(cluster: Cluster, topic: string): Promise<number[]> {
  await cluster.watch([topic])
  const partitions = cluster.topic(topic)!.partitions.map(({ partition }) => ({ topic, partition }))
  const connections = cluster.connections()
  try {
    const ends = await listOffsets(cluster, connections, partitions, LATEST)
    for (const [leader, members] of Map.groupBy(ends, ({ partition }) => cluster.leaderOf(topic, partition)!)) {
      const request = members.map(({ partition, offset }) => ({ partitionIndex: partition, offset: BigInt(offset) }))
      const response: deleteRecordsV2.DeleteRecordsResponse = await callBroker(
        await connections.to(leader),
        deleteRecordsV2.api,
        [{ name: topic, partitions: request }],
        10_000,
      )
      const refused = response.topics.flatMap((each) => each.partitions).find(({ errorCode }) => errorCode !== 0)
      if (refused) throw new KafkaError(refused.errorCode, `deleting records of ${topic}[${refused.partitionIndex}]`)
    }
    return ends.sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
  } finally {
    await connections.close()
  }
}
