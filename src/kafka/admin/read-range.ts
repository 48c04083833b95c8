import { sendToBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { retryCall } from '../cluster/retry-call.ts'
import { KafkaCode, KafkaError, KafkaUnreachableError } from '../errors.ts'
import type { TopicPartition } from '../wire/consumer-protocol.ts'
import { encodeFetchRequest, FETCH_API_KEY, FETCH_VERSION, parseFetchResponse } from '../wire/fetch-v15.ts'
import { type ConsumedRecord, decodeRecordBatches } from '../wire/record-batch-decode.ts'

const FETCH_BYTES_MAX = 1_048_576
const WAIT_MS_MAX = 500

/** Offsets of a partition, from `first` to before `end`. */
export interface PartitionRange extends TopicPartition {
  readonly first: number
  readonly end: number
}

/**
 * Reads a range of one partition without a group, in pieces of about a megabyte, each fetched when the one before was
 * taken. Ends at `end`, which must not lie beyond the end of the log. Throws KafkaError, OFFSET_OUT_OF_RANGE if the
 * range is no longer in the log, or KafkaUnreachableError after 30 s without an answer.
 */
export async function* readRange(
  cluster: Cluster,
  connections: BrokerConnections,
  range: PartitionRange,
): AsyncGenerator<ConsumedRecord[]> {
  await cluster.watch([range.topic])
  let offset = range.first
  while (offset < range.end) {
    const { records, nextOffset } = await retryCall(() => fetchFrom(cluster, connections, range, offset))
    offset = nextOffset
    const wanted = records.filter((record) => record.offset < range.end)
    if (wanted.length > 0) yield wanted
  }
}

async function fetchFrom(
  cluster: Cluster,
  connections: BrokerConnections,
  { topic, partition }: TopicPartition,
  offset: number,
): Promise<{ records: ConsumedRecord[]; nextOffset: number }> {
  const leader = cluster.leaderOf(topic, partition)
  const topicId = cluster.topic(topic)?.topicId
  if (leader === undefined || topicId === undefined) {
    await cluster.refresh()
    throw new KafkaUnreachableError(`${topic}[${partition}] has no leader now`)
  }
  const limits = { waitMsMax: WAIT_MS_MAX, bytesMin: 1, bytesMax: FETCH_BYTES_MAX }
  const asked = [{ topicId, partitions: [{ partition, offset, bytesMax: FETCH_BYTES_MAX }] }]
  const encode = () => encodeFetchRequest(limits, asked)
  const connection = await connections.to(leader)
  const result = await sendToBroker(connection, FETCH_API_KEY, FETCH_VERSION, encode, parseFetchResponse)
  const answer = result.partitions[0]
  const code = result.code || answer?.code || KafkaCode.NONE
  if (code !== KafkaCode.NONE) {
    const error = new KafkaError(code, `reading ${topic}[${partition}] at ${offset}`)
    if (error.staleMetadata) await cluster.refresh()
    throw error
  }
  return decodeRecordBatches(answer?.records ?? Buffer.alloc(0), topic, partition, offset, answer?.aborted)
}
