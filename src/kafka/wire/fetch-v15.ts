import { type Reader, Writer } from '@platformatic/kafka'

/*
  Fetch Request (Version: 15) => max_wait_ms min_bytes max_bytes isolation_level session_id session_epoch [topics] [forgotten_topics_data] rack_id TAG_BUFFER
    topics => topic_id [partitions] TAG_BUFFER
      partitions => partition current_leader_epoch fetch_offset last_fetched_epoch log_start_offset partition_max_bytes TAG_BUFFER
  Fetch Response (Version: 15) => throttle_time_ms error_code session_id [responses] TAG_BUFFER
    responses => topic_id [partitions] TAG_BUFFER
      partitions => partition_index error_code high_watermark last_stable_offset log_start_offset [aborted_transactions] preferred_read_replica records TAG_BUFFER

  Written here so that records stay bytes until a partition's owner decodes them, and each error stays with its
  partition instead of failing the answer as a whole. Fetch sessions are not used (session_id 0, epoch -1): every
  request says the whole truth, which costs some 30 bytes a partition and leaves no state to lose.
*/
export const FETCH_API_KEY = 1
export const FETCH_VERSION = 15
/** Nothing beyond the last stable offset, and which transactions were aborted. */
const READ_COMMITTED = 1

interface FetchPartition {
  readonly partition: number
  readonly offset: number
  readonly bytesMax: number
}

export interface FetchTopic {
  readonly topicId: string
  readonly partitions: readonly FetchPartition[]
}

export interface FetchLimits {
  readonly waitMsMax: number
  readonly bytesMin: number
  readonly bytesMax: number
}

/** Records of this producer from there on, up to its next marker, must not be handled. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  readonly code: number
  readonly highWatermark: number
  /** Records before it belong to transactions that have ended, or to none: what may be read. */
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Transactions that were aborted and have records in the answer. */
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches as they came, the last perhaps cut off. */
  readonly records: Buffer | null
}

export interface FetchResult {
  readonly code: number
  readonly throttleMs: number
  readonly partitions: FetchedPartition[]
}

export function encodeFetchRequest(limits: FetchLimits, topics: readonly FetchTopic[]): Writer {
  const writer = Writer.create()
    .appendInt32(limits.waitMsMax)
    .appendInt32(limits.bytesMin)
    .appendInt32(limits.bytesMax)
    .appendInt8(READ_COMMITTED)
    .appendInt32(0)
    .appendInt32(-1)
    .appendUnsignedVarInt(topics.length + 1)
  for (const { topicId, partitions } of topics) {
    writer.appendUUID(topicId).appendUnsignedVarInt(partitions.length + 1)
    for (const { partition, offset, bytesMax } of partitions) {
      writer
        .appendInt32(partition)
        .appendInt32(-1)
        .appendInt64(BigInt(offset))
        .appendInt32(-1)
        .appendInt64(-1n)
        .appendInt32(bytesMax)
        .appendTaggedFields()
    }
    writer.appendTaggedFields()
  }
  return writer.appendUnsignedVarInt(1).appendString('').appendTaggedFields()
}

export function parseFetchResponse(_correlation: number, _key: number, _version: number, r: Reader): FetchResult {
  const throttleMs = r.readInt32()
  const code = r.readInt16()
  r.readInt32()
  const partitions: FetchedPartition[] = []
  for (let topics = r.readUnsignedVarInt() - 1; topics > 0; topics--) {
    const topicId = r.readUUID()
    for (let left = r.readUnsignedVarInt() - 1; left > 0; left--) partitions.push(parsePartition(r, topicId))
    r.readTaggedFields()
  }
  return { code, throttleMs, partitions }
}

function parsePartition(r: Reader, topicId: string): FetchedPartition {
  const partition = r.readInt32()
  const code = r.readInt16()
  const highWatermark = Number(r.readInt64())
  const lastStableOffset = Number(r.readInt64())
  const logStartOffset = Number(r.readInt64())
  const aborted: AbortedTransaction[] = []
  for (let left = r.readUnsignedVarInt() - 1; left > 0; left--) {
    aborted.push({ producerId: r.readInt64(), firstOffset: Number(r.readInt64()) })
    r.readTaggedFields()
  }
  r.readInt32()
  const size = r.readUnsignedVarInt() - 1
  let records: Buffer | null = null
  if (size > 0) {
    records = r.buffer.slice(r.position, r.position + size)
    r.skip(size)
  }
  r.readTaggedFields()
  return { topicId, partition, code, highWatermark, lastStableOffset, logStartOffset, aborted, records }
}
