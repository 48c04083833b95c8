import { Writer } from '@platformatic/kafka'
import { EARLIEST, LATEST } from '../../../src/kafka/consumer/fetch/list-offsets.ts'
import { KafkaCode } from '../../../src/kafka/errors.ts'
import type { RequestKind } from '../broker-state.ts'
import type { PartitionLog } from '../partition-log.ts'

export const listOffsets: RequestKind = {
  key: 2,
  version: 7,
  answer(request, { broker }) {
    request.readInt32()
    request.readInt8()
    const topics = request.readArray((r) => ({
      name: r.readString(),
      partitions: r.readArray((each) => {
        const partition = each.readInt32()
        each.readInt32()
        return { partition, at: Number(each.readInt64()) }
      }),
    }))
    return Writer.create()
      .appendInt32(0)
      .appendArray(topics, (w, { name, partitions }) => {
        w.appendString(name).appendArray(partitions, (each, { partition, at }) => {
          const log = broker.topics.partition(name, partition)
          each.appendInt32(partition).appendInt16(log ? KafkaCode.NONE : KafkaCode.UNKNOWN_TOPIC_OR_PARTITION)
          each
            .appendInt64(-1n)
            .appendInt64(BigInt(log ? offsetOf(log, at) : -1))
            .appendInt32(0)
        })
      })
      .appendTaggedFields()
  },
}

function offsetOf(log: PartitionLog, at: number): number {
  if (at === LATEST) return log.endOffset
  return at === EARLIEST ? log.startOffset : (log.offsetAt(at) ?? -1)
}
