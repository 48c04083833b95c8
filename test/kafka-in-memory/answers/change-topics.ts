import { Writer } from '@platformatic/kafka'
import { KafkaCode } from '../../../src/kafka/errors.ts'
import type { RequestKind } from '../broker-state.ts'

export const createTopics: RequestKind = {
  key: 19,
  version: 7,
  answer(request, { broker }) {
    const topics = request.readArray((r) => {
      const name = r.readString()
      const partitions = r.readInt32()
      r.readInt16()
      r.readArray((each) => {
        each.readInt32()
        each.readArray((id) => id.readInt32(), true, false)
      })
      return {
        name,
        partitions,
        configs: r.readArray((each): [string, string | null] => [each.readString(), each.readNullableString()]),
      }
    })
    return Writer.create()
      .appendInt32(0)
      .appendArray(topics, (w, { name, partitions, configs }) => {
        const code = broker.topics.create(name, partitions, new Map(configs))
        w.appendString(name).appendUUID(broker.topics.named(name)?.topicId)
        w.appendInt16(code).appendString(null).appendInt32(partitions).appendInt16(1)
        w.appendArray(null, () => {})
      })
      .appendTaggedFields()
  },
}

export const createPartitions: RequestKind = {
  key: 37,
  version: 3,
  answer(request, { broker }) {
    const topics = request.readArray((r) => {
      const topic = { name: r.readString(), count: r.readInt32() }
      r.readNullableArray((each) => each.readArray((id) => id.readInt32(), true, false))
      return topic
    })
    return Writer.create()
      .appendInt32(0)
      .appendArray(topics, (w, { name, count }) => {
        w.appendString(name).appendInt16(broker.topics.grow(name, count)).appendString(null)
      })
      .appendTaggedFields()
  },
}

export const deleteTopics: RequestKind = {
  key: 20,
  version: 6,
  answer(request, { broker }) {
    const names = request.readArray((r) => {
      const name = r.readString()
      r.readUUID()
      return name
    })
    return Writer.create()
      .appendInt32(0)
      .appendArray(names, (w, name) => {
        w.appendString(name).appendUUID(null).appendInt16(broker.topics.delete(name)).appendString(null)
      })
      .appendTaggedFields()
  },
}

export const deleteRecords: RequestKind = {
  key: 21,
  version: 2,
  answer(request, { broker }) {
    const topics = request.readArray((r) => ({
      name: r.readString(),
      partitions: r.readArray((each) => ({ partition: each.readInt32(), offset: Number(each.readInt64()) })),
    }))
    return Writer.create()
      .appendInt32(0)
      .appendArray(topics, (w, { name, partitions }) => {
        w.appendString(name).appendArray(partitions, (each, { partition, offset }) => {
          const log = broker.topics.partition(name, partition)
          log?.deleteBefore(offset)
          each.appendInt32(partition).appendInt64(BigInt(log?.startOffset ?? -1))
          each.appendInt16(log ? KafkaCode.NONE : KafkaCode.UNKNOWN_TOPIC_OR_PARTITION)
        })
      })
      .appendTaggedFields()
  },
}
