import { type Reader, Writer } from '@platformatic/kafka'
import { KafkaCode } from '../../../src/kafka/errors.ts'
import { FETCH_API_KEY, FETCH_VERSION } from '../../../src/kafka/wire/fetch-v15.ts'
import type { BrokerState, RequestKind } from '../broker-state.ts'

const UNKNOWN_TOPIC_ID = 100

interface FetchRequest {
  readonly waitMsMax: number
  readonly bytesMin: number
  readonly bytesMax: number
  readonly topics: readonly { topicId: string; partitions: readonly AskedPartition[] }[]
}

interface AskedPartition {
  readonly partition: number
  readonly offset: number
  readonly bytesMax: number
}

interface FoundPartition {
  readonly partition: number
  readonly code: number
  readonly startOffset: number
  readonly endOffset: number
  readonly records: Buffer
}

type FoundTopic = { readonly topicId: string; readonly partitions: FoundPartition[] }

export const fetch: RequestKind = {
  key: FETCH_API_KEY,
  version: FETCH_VERSION,
  async answer(request, { broker }) {
    const asked = readRequest(request)
    const deadlineMs = performance.now() + asked.waitMsMax
    for (;;) {
      const { topics, isEnough } = find(broker, asked)
      const leftMs = deadlineMs - performance.now()
      if (isEnough || leftMs <= 0) return writeAnswer(topics)
      await broker.topics.untilAppended(leftMs)
    }
  },
}

function readRequest(request: Reader): FetchRequest {
  const limits = { waitMsMax: request.readInt32(), bytesMin: request.readInt32(), bytesMax: request.readInt32() }
  request.readInt8()
  request.readInt32()
  request.readInt32()
  const topics = request.readArray((r) => ({ topicId: r.readUUID(), partitions: r.readArray(readPartition) }))
  return { ...limits, topics }
}

function readPartition(request: Reader): AskedPartition {
  const partition = request.readInt32()
  request.readInt32()
  const offset = Number(request.readInt64())
  request.readInt32()
  request.readInt64()
  return { partition, offset, bytesMax: request.readInt32() }
}

/** What there is now, and whether that is an answer: it is large enough, or names an error. */
function find(
  broker: BrokerState,
  { topics, bytesMin, bytesMax }: FetchRequest,
): { topics: FoundTopic[]; isEnough: boolean } {
  let bytes = 0
  let isError = false
  const found = topics.map(({ topicId, partitions }) => ({
    topicId,
    partitions: partitions.map((asked) => {
      const each = findPartition(broker, topicId, asked, bytesMax - bytes)
      bytes += each.records.length
      isError ||= each.code !== KafkaCode.NONE
      return each
    }),
  }))
  return { topics: found, isEnough: isError || bytes >= bytesMin }
}

function findPartition(broker: BrokerState, topicId: string, asked: AskedPartition, bytesLeft: number): FoundPartition {
  const { partition, offset, bytesMax } = asked
  const topic = broker.topics.withId(topicId)
  const log = topic?.partitions[partition]
  if (!log) {
    const code = topic ? KafkaCode.UNKNOWN_TOPIC_OR_PARTITION : UNKNOWN_TOPIC_ID
    return { partition, code, startOffset: -1, endOffset: -1, records: Buffer.alloc(0) }
  }
  const { startOffset, endOffset } = log
  const isOutside = offset < startOffset || offset > endOffset
  const code = isOutside ? KafkaCode.OFFSET_OUT_OF_RANGE : KafkaCode.NONE
  const batches = isOutside || bytesLeft <= 0 ? [] : log.read(offset, Math.min(bytesMax, bytesLeft))
  return { partition, code, startOffset, endOffset, records: Buffer.concat(batches) }
}

function writeAnswer(topics: FoundTopic[]): Writer {
  return Writer.create()
    .appendInt32(0)
    .appendInt16(KafkaCode.NONE)
    .appendInt32(0)
    .appendArray(topics, (w, { topicId, partitions }) => {
      w.appendUUID(topicId).appendArray(partitions, (each, { partition, code, startOffset, endOffset, records }) => {
        each.appendInt32(partition).appendInt16(code)
        for (const offset of [endOffset, endOffset, startOffset]) each.appendInt64(BigInt(offset))
        each
          .appendArray([], () => {})
          .appendInt32(-1)
          .appendBytes(records)
      })
    })
    .appendTaggedFields()
}
