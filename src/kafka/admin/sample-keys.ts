import { sendToBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { LATEST, listOffsets } from '../consumer/fetch/list-offsets.ts'
import { KafkaError, KafkaUnreachableError } from '../errors.ts'
import { encodeFetchRequest, FETCH_API_KEY, FETCH_VERSION, parseFetchResponse } from '../wire/fetch-v15.ts'
import { decodeRecordBatches } from '../wire/record-batch-decode.ts'

const PARTITIONS_MAX = 8
const RECORDS_BACK = 50
const LIMITS = { waitMsMax: 0, bytesMin: 0, bytesMax: 1 << 20 }
const PARTITION_BYTES_MAX = 1 << 17

/** Some of the keys that were written to a topic last, each once. Throws KafkaError or KafkaUnreachableError. */
export async function sampleKeys(cluster: Cluster, topic: string): Promise<string[]> {
  await cluster.watch([topic])
  const partitions = (cluster.topic(topic)?.partitions ?? []).slice(0, PARTITIONS_MAX)
  const connections = cluster.connections()
  try {
    const places = partitions.map(({ partition }) => ({ topic, partition }))
    const ends = await listOffsets(cluster, connections, places, LATEST)
    const written = ends.filter(({ offset }) => offset > 0)
    const keys = await Promise.all(
      written.map(({ partition, offset }) => lastKeys(cluster, connections, topic, partition, offset)),
    )
    return [...new Set(keys.flat())]
  } finally {
    await connections.close()
  }
}

/** None where the log does not reach back so far: it is a sample. */
async function lastKeys(
  cluster: Cluster,
  connections: BrokerConnections,
  topic: string,
  partition: number,
  end: number,
): Promise<string[]> {
  const leader = cluster.leaderOf(topic, partition)
  if (leader === undefined) throw new KafkaUnreachableError(`${topic}[${partition}] has no leader now`)
  const offset = Math.max(0, end - RECORDS_BACK)
  const { topicId } = cluster.topic(topic)!
  const request = [{ topicId, partitions: [{ partition, offset, bytesMax: PARTITION_BYTES_MAX }] }]
  const response = await sendToBroker(
    await connections.to(leader),
    FETCH_API_KEY,
    FETCH_VERSION,
    () => encodeFetchRequest(LIMITS, request),
    parseFetchResponse,
  )
  if (response.code !== 0) throw new KafkaError(response.code, `reading ${topic}[${partition}]`)
  const answer = response.partitions[0]
  if (!answer?.records) return []
  return decodeRecordBatches(answer.records, topic, partition, offset, answer.aborted).records.flatMap(({ key }) =>
    key === null ? [] : [key.toString()],
  )
}
