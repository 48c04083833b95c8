import { type Reader, Writer } from '@platformatic/kafka'
import type { TopicPartition } from './consumer-protocol.ts'

/*
  ElectLeaders Request (Version: 2) => election_type [topic_partitions] timeout_ms TAG_BUFFER
    topic_partitions => topic [partitions] TAG_BUFFER
      partitions => INT32
  ElectLeaders Response (Version: 2) => throttle_time_ms error_code [replica_election_results] TAG_BUFFER
    replica_election_results => topic [partition_result] TAG_BUFFER
      partition_result => partition_id error_code error_message TAG_BUFFER

  The client library lacks it.
*/
export const ELECT_LEADERS_API_KEY = 43
export const ELECT_LEADERS_VERSION = 2
const PREFERRED = 0

interface ElectionResult extends TopicPartition {
  readonly code: number
  readonly message: string | null
}

export interface ElectLeadersResponse {
  readonly code: number
  readonly results: readonly ElectionResult[]
}

export function encodeElectLeadersRequest(partitions: readonly TopicPartition[], timeoutMs: number): Writer {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)]
  return Writer.create()
    .appendInt8(PREFERRED)
    .appendArray(topics, (writer, [topic, members]) => {
      writer
        .appendString(topic)
        .appendArray(members, (ids, { partition }) => void ids.appendInt32(partition), true, false)
    })
    .appendInt32(timeoutMs)
    .appendTaggedFields()
}

export function parseElectLeadersResponse(
  _correlation: number,
  _key: number,
  _version: number,
  r: Reader,
): ElectLeadersResponse {
  r.readInt32()
  const code = r.readInt16()
  const results: ElectionResult[] = []
  for (let topics = r.readUnsignedVarInt() - 1; topics > 0; topics--) {
    const topic = r.readString()
    for (let left = r.readUnsignedVarInt() - 1; left > 0; left--) {
      const partition = r.readInt32()
      results.push({ topic, partition, code: r.readInt16(), message: r.readNullableString() })
      r.readTaggedFields()
    }
    r.readTaggedFields()
  }
  return { code, results }
}
