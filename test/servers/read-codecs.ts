import { sendToBroker } from '../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { encodeFetchRequest, FETCH_API_KEY, FETCH_VERSION, parseFetchResponse } from '../../src/kafka/wire/fetch-v15.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const LENGTH_AT = 8
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const RECORDS_AT = 61
/** How snappy-java begins what it writes: a framing of its own round snappy's blocks. */
const SNAPPY_JAVA = Buffer.from('\x82SNAPPY\0', 'latin1')
const BYTES_MAX = 16_777_216

/** The codecs of a topic's batches as they lie in the log; `snappy-java` where that framing is used. */
export async function readCodecs(cluster: Cluster, topic: string): Promise<Set<string>> {
  await cluster.watch([topic])
  const { topicId, partitions } = cluster.topic(topic)!
  const connections = cluster.connections()
  const codecs = new Set<string>()
  const asked = partitions.map(({ partition }) => ({ topic, partition }))
  for (const { partition, offset: end } of await listOffsets(cluster, connections, asked, LATEST)) {
    const connection = await connections.to(cluster.leaderOf(topic, partition)!)
    for (let offset = 0; offset < end; ) {
      const limits = { waitMsMax: 500, bytesMin: 1, bytesMax: BYTES_MAX }
      const wanted = [{ topicId, partitions: [{ partition, offset, bytesMax: BYTES_MAX }] }]
      const encode = () => encodeFetchRequest(limits, wanted)
      const answer = await sendToBroker(connection, FETCH_API_KEY, FETCH_VERSION, encode, parseFetchResponse)
      offset = noteCodecs(answer.partitions[0]!.records!, codecs)
    }
  }
  await connections.close()
  return codecs
}

/** Returns the offset behind the last whole batch. */
function noteCodecs(bytes: Buffer, codecs: Set<string>): number {
  let next = 0
  for (let at = 0; at + RECORDS_AT <= bytes.length; ) {
    const batch = bytes.subarray(at, at + 12 + bytes.readInt32BE(at + LENGTH_AT))
    at += 12 + bytes.readInt32BE(at + LENGTH_AT)
    if (at > bytes.length) break
    const framed = batch.subarray(RECORDS_AT, RECORDS_AT + SNAPPY_JAVA.length).equals(SNAPPY_JAVA)
    codecs.add(framed ? 'snappy-java' : CODECS[batch.readInt16BE(ATTRIBUTES_AT) & 0b111]!)
    next = Number(batch.readBigInt64BE(0)) + batch.readInt32BE(LAST_OFFSET_DELTA_AT) + 1
  }
  return next
}
