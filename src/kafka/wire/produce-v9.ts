import { type Reader, Writer } from '@platformatic/kafka'

/*
  Produce Request (Version: 9) => transactional_id acks timeout_ms [topic_data] TAG_BUFFER
    topic_data => name [partition_data] TAG_BUFFER
      partition_data => index records TAG_BUFFER
  Produce Response (Version: 9) => [responses] throttle_time_ms TAG_BUFFER
    responses => name [partition_responses] TAG_BUFFER
      partition_responses => index error_code base_offset log_append_time_ms log_start_offset [record_errors] error_message TAG_BUFFER
        record_errors => batch_index batch_index_error_message TAG_BUFFER

  Written here and not taken from the client library, which groups and encodes whole messages: our batches are
  encoded already, and one request carries the batches of many partitions.
*/
export const PRODUCE_API_KEY = 0
export const PRODUCE_VERSION = 9

export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  /** A stamped record batch. */
  readonly bytes: Buffer
}

export interface ProduceResult {
  readonly topic: string
  readonly partition: number
  readonly code: number
  readonly message: string | null
  /** Offset of the batch's first record; -1 when the broker does not know it any more. */
  readonly baseOffset: number
}

export function encodeProduceRequest(acks: 1 | -1, timeoutMs: number, batches: readonly PartitionBatch[]): Writer {
  const byTopic = Map.groupBy(batches, (batch) => batch.topic)
  const writer = Writer.create()
    .appendString(null)
    .appendInt16(acks)
    .appendInt32(timeoutMs)
    .appendUnsignedVarInt(byTopic.size + 1)
  for (const [topic, partitions] of byTopic) {
    writer.appendString(topic).appendUnsignedVarInt(partitions.length + 1)
    for (const { partition, bytes } of partitions) {
      writer
        .appendInt32(partition)
        .appendUnsignedVarInt(bytes.length + 1)
        .append(bytes)
        .appendTaggedFields()
    }
    writer.appendTaggedFields()
  }
  return writer.appendTaggedFields()
}

export function parseProduceResponse(_correlation: number, _key: number, _version: number, r: Reader): ProduceResult[] {
  const results: ProduceResult[] = []
  for (let topics = r.readUnsignedVarInt() - 1; topics > 0; topics--) {
    const topic = r.readString()
    for (let partitions = r.readUnsignedVarInt() - 1; partitions > 0; partitions--) {
      const partition = r.readInt32()
      const code = r.readInt16()
      const baseOffset = Number(r.readInt64())
      r.skip(16)
      for (let errors = r.readUnsignedVarInt() - 1; errors > 0; errors--) {
        r.readInt32()
        r.readNullableString()
        r.readTaggedFields()
      }
      const message = r.readNullableString()
      r.readTaggedFields()
      results.push({ topic, partition, code, message, baseOffset })
    }
    r.readTaggedFields()
  }
  return results
}
