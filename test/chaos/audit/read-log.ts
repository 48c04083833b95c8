import { sendToBroker } from '../../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import { retryCall } from '../../../src/kafka/cluster/retry-call.ts'
import { EARLIEST, LATEST, listOffsets } from '../../../src/kafka/consumer/fetch/list-offsets.ts'
import { KafkaError } from '../../../src/kafka/errors.ts'
import {
  encodeFetchRequest,
  FETCH_API_KEY,
  FETCH_VERSION,
  type FetchResult,
  parseFetchResponse,
} from '../../../src/kafka/wire/fetch-v15.ts'
import { type ConsumedRecord, decodeRecordBatches } from '../../../src/kafka/wire/record-batch-decode.ts'

const BYTES_MAX = 8 * 1_048_576

/**
 * Hands every record that a topic has now to `take`, partition by partition from its first offset, without a group and
 * without the gateway's consumer. Throws KafkaError when a log no longer begins with offset 0: then records are gone.
 */
export async function readLog(cluster: Cluster, topic: string, take: (record: ConsumedRecord) => void): Promise<void> {
  await retryCall(() => cluster.watch([topic]))
  const connections = cluster.connections(30_000)
  try {
    const partitions = (cluster.topic(topic)?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
    const [starts, ends] = await retryCall(() =>
      Promise.all([EARLIEST, LATEST].map((at) => listOffsets(cluster, connections, partitions, at))),
    )
    for (const { partition, offset } of starts!) {
      if (offset > 0) throw new Error(`${topic}[${partition}] begins with ${offset}: what was before is gone`)
    }
    for (const { partition, offset: end } of ends!) {
      const fetch = (offset: number): Promise<Buffer> =>
        retryCall(async () => {
          const leader = await connections.to(cluster.leaderOf(topic, partition) ?? -1)
          const limits = { waitMsMax: 100, bytesMin: 1, bytesMax: BYTES_MAX }
          const asked = [
            { topicId: cluster.topic(topic)!.topicId, partitions: [{ partition, offset, bytesMax: BYTES_MAX }] },
          ]
          const result: FetchResult = await sendToBroker(
            leader,
            FETCH_API_KEY,
            FETCH_VERSION,
            () => encodeFetchRequest(limits, asked),
            parseFetchResponse,
          )
          const [answered] = result.partitions
          const code = result.code || answered!.code
          if (code !== 0) throw new KafkaError(code, `reading ${topic}[${partition}]`)
          return answered!.records ?? Buffer.alloc(0)
        })
      for (let offset = 0; offset < end; ) {
        const { records, nextOffset } = decodeRecordBatches(await fetch(offset), topic, partition, offset)
        for (const record of records) take(record)
        offset = nextOffset
      }
    }
  } finally {
    await connections.close()
  }
}
