import { type Reader, Writer } from '@platformatic/kafka'
import { KafkaCode } from '../../../src/kafka/errors.ts'
import { NODE_ID, type RequestKind } from '../broker-state.ts'
import type { StoredTopic } from '../topic-store.ts'

const HOST = '127.0.0.1'

/** Of what was asked for: null for all topics. */
function askedTopics(request: Reader): string[] | null {
  return request.readNullableArray((r) => {
    r.readUUID()
    return r.readString()
  })
}

export const metadata: RequestKind = {
  key: 3,
  version: 12,
  answer(request, { broker }) {
    const asked = askedTopics(request) ?? broker.topics.all.map(({ name }) => name)
    return Writer.create()
      .appendInt32(0)
      .appendArray([NODE_ID], (w, nodeId) => {
        w.appendInt32(nodeId).appendString(HOST).appendInt32(broker.port).appendString(null)
      })
      .appendString('in-memory')
      .appendInt32(NODE_ID)
      .appendArray(asked, (w, name) => writeTopic(w, name, broker.topics.named(name)))
      .appendTaggedFields()
  },
}

function writeTopic(writer: Writer, name: string, topic: StoredTopic | undefined): void {
  writer
    .appendInt16(topic ? KafkaCode.NONE : KafkaCode.UNKNOWN_TOPIC_OR_PARTITION)
    .appendString(name)
    .appendUUID(topic?.topicId)
    .appendBoolean(false)
    .appendArray([...(topic?.partitions.keys() ?? [])], (w, partition) => {
      w.appendInt16(KafkaCode.NONE).appendInt32(partition).appendInt32(NODE_ID).appendInt32(0)
      for (const nodeIds of [[NODE_ID], [NODE_ID], []]) w.appendArray(nodeIds, writeInt32, true, false)
    })
    .appendInt32(-2_147_483_648)
}

export const findCoordinator: RequestKind = {
  key: 10,
  version: 4,
  answer(request, { broker }) {
    request.readInt8()
    const keys = request.readArray((r) => r.readString(), true, false)
    return Writer.create()
      .appendInt32(0)
      .appendArray(keys, (w, key) => {
        w.appendString(key).appendInt32(NODE_ID).appendString(HOST).appendInt32(broker.port)
        w.appendInt16(KafkaCode.NONE).appendString(null)
      })
      .appendTaggedFields()
  },
}

export const initProducerId: RequestKind = {
  key: 22,
  version: 4,
  answer(_request, { broker }) {
    const producerId = broker.nextProducerId()
    return Writer.create()
      .appendInt32(0)
      .appendInt16(KafkaCode.NONE)
      .appendInt64(producerId)
      .appendInt16(0)
      .appendTaggedFields()
  },
}

function writeInt32(writer: Writer, value: number): void {
  writer.appendInt32(value)
}
