import { Writer } from '@platformatic/kafka'
import { KafkaCode } from '../../../src/kafka/errors.ts'
import { PRODUCE_API_KEY, PRODUCE_VERSION } from '../../../src/kafka/wire/produce-v9.ts'
import type { RequestKind } from '../broker-state.ts'
import type { Appended } from '../partition-log.ts'

const UNKNOWN: Appended = { code: KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, baseOffset: -1 }

export const produce: RequestKind = {
  key: PRODUCE_API_KEY,
  version: PRODUCE_VERSION,
  answer(request, { broker }) {
    request.readNullableString()
    request.readInt16()
    request.readInt32()
    const topics = request.readArray((r) => ({
      name: r.readString(),
      partitions: r.readArray((each) => ({ index: each.readInt32(), records: each.readBytes() })),
    }))
    const writer = Writer.create().appendArray(topics, (w, { name, partitions }) => {
      w.appendString(name).appendArray(partitions, (each, { index, records }) => {
        const log = broker.topics.partition(name, index)
        const { code, baseOffset } = log?.append(records) ?? UNKNOWN
        each.appendInt32(index).appendInt16(code).appendInt64(BigInt(baseOffset)).appendInt64(-1n)
        each.appendInt64(BigInt(log?.startOffset ?? -1))
        each.appendArray([], () => {}).appendString(null)
      })
    })
    broker.topics.noteAppended()
    return writer.appendInt32(0).appendTaggedFields()
  },
}
