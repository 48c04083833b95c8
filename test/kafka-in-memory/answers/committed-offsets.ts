import { Writer } from '@platformatic/kafka'
import { KafkaCode } from '../../../src/kafka/errors.ts'
import type { RequestKind } from '../broker-state.ts'
import type { ConsumerGroup, StoredOffset } from '../consumer-group.ts'

export const commitOffsets: RequestKind = {
  key: 8,
  version: 8,
  answer(request, { broker }) {
    const group = broker.group(request.readString())
    const generationId = request.readInt32()
    const claim = { generationId, memberId: request.readString(), instanceId: request.readNullableString() }
    const topics = request.readArray((r) => {
      const topic = r.readString()
      const offsets = r.readArray((each): StoredOffset => {
        const partition = each.readInt32()
        const offset = Number(each.readInt64())
        each.readInt32()
        return { topic, partition, offset, metadata: each.readString() }
      })
      return { topic, offsets }
    })
    return Writer.create()
      .appendInt32(0)
      .appendArray(topics, (w, { topic, offsets }) => {
        w.appendString(topic).appendArray(offsets, (each, stored) => {
          const isKnown = broker.topics.partition(topic, stored.partition) !== undefined
          const code = isKnown ? group.commit(claim, stored) : KafkaCode.UNKNOWN_TOPIC_OR_PARTITION
          each.appendInt32(stored.partition).appendInt16(code)
        })
      })
      .appendTaggedFields()
  },
}

export const fetchOffsets: RequestKind = {
  key: 9,
  version: 8,
  answer(request, { broker }) {
    const groups = request.readArray((r) => ({
      groupId: r.readString(),
      topics: r.readNullableArray((each) => ({
        topic: each.readString(),
        partitions: each.readArray((index) => index.readInt32(), true, false),
      })),
    }))
    return Writer.create()
      .appendInt32(0)
      .appendArray(groups, (w, { groupId, topics }) => {
        const group = broker.group(groupId)
        const stored = topics ? topics.flatMap((asked) => offsetsOf(group, asked)) : group.offsets
        w.appendString(groupId).appendArray(
          [...Map.groupBy(stored, ({ topic }) => topic)],
          (each, [topic, offsets]) => {
            each.appendString(topic).appendArray(offsets, writeOffset)
          },
        )
        w.appendInt16(KafkaCode.NONE)
      })
      .appendTaggedFields()
  },
}

/** What was asked for; offset -1 where nothing is committed. */
function offsetsOf(group: ConsumerGroup, asked: { topic: string; partitions: readonly number[] }): StoredOffset[] {
  const { topic, partitions } = asked
  return partitions.map((partition) => {
    const stored = group.offsets.find((each) => each.topic === topic && each.partition === partition)
    return stored ?? { topic, partition, offset: -1, metadata: '' }
  })
}

function writeOffset(writer: Writer, { partition, offset, metadata }: StoredOffset): void {
  writer.appendInt32(partition).appendInt64(BigInt(offset)).appendInt32(-1)
  writer.appendString(metadata).appendInt16(KafkaCode.NONE)
}
