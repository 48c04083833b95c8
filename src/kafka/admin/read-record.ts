import { sendToBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { KafkaCode, KafkaError, KafkaUnreachableError } from '../errors.ts'
import type { TopicPartition } from '../wire/consumer-protocol.ts'
import {
  encodeFetchRequest,
  FETCH_API_KEY,
  FETCH_VERSION,
  type FetchResult,
  parseFetchResponse,
} from '../wire/fetch-v15.ts'
import { type ConsumedRecord, decodeRecordBatches } from '../wire/record-batch-decode.ts'

/** A broker sends the first batch whole even when it is larger. */
const BYTES_MAX = 65_536

/**
 * The record at an offset of a partition, or the next one behind it where that offset holds none (compaction, markers
 * of transactions); null at the end of the log. Throws KafkaError (OFFSET_OUT_OF_RANGE when the log begins later) or
 * KafkaUnreachableError.
 */
export async function readRecord(
  cluster: Cluster,
  connections: BrokerConnections,
  { topic, partition }: TopicPartition,
  offset: number,
): Promise<ConsumedRecord | null> {
  await cluster.watch([topic])
  const leader = cluster.leaderOf(topic, partition)
  if (leader === undefined) throw new KafkaUnreachableError(`${topic}[${partition}] has no leader now`)
  const connection = await connections.to(leader)
  const limits = { waitMsMax: 0, bytesMin: 0, bytesMax: BYTES_MAX }
  const { topicId } = cluster.topic(topic)!
  for (let from = offset; ; ) {
    const topics = [{ topicId, partitions: [{ partition, offset: from, bytesMax: BYTES_MAX }] }]
    const encode = () => encodeFetchRequest(limits, topics)
    const answer: FetchResult = await sendToBroker(connection, FETCH_API_KEY, FETCH_VERSION, encode, parseFetchResponse)
    const fetched = answer.partitions[0]
    const code = answer.code === KafkaCode.NONE ? (fetched?.code ?? KafkaCode.NONE) : answer.code
    if (code !== KafkaCode.NONE) throw new KafkaError(code, `reading ${topic}[${partition}]@${from}`)
    if (!fetched?.records) return null
    const { records, nextOffset } = decodeRecordBatches(fetched.records, topic, partition, from, fetched.aborted)
    if (records[0]) return records[0]
    if (nextOffset === from) return null
    from = nextOffset
  }
}
