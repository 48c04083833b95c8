import { isUtf8 } from 'node:buffer'
import { decodeUtf8 } from '../domain/text/decode-utf8.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import type { ProducerRecord } from '../kafka/wire/record-batch-encode.ts'
import { DeadLetter, type DeadLetterReason } from './dead-letter.ts'
import { jsonObjectText, memberText } from './embedded-json.ts'
import { eventCodec } from './event-codec.ts'
import { TOPICS } from './topics.ts'

const codec = eventCodec(DeadLetter, { takesAnyText: true })

/**
 * Written in JSON, a byte may become six; even then the dead letter is smaller than the largest record that brokers
 * take.
 */
const MESSAGE_BYTES_MAX = 128 * 1_024

export interface DeadLetterCause {
  readonly reason: DeadLetterReason
  readonly error: string
  readonly consumerGroup: string
  /** Where the handler threw, if it did. */
  readonly stack?: string | undefined
  /** Calls of the handler. */
  readonly attempts: number
}

/** A record may be all headers, or all key; beyond that a dead letter would be larger than what brokers take. */
const HEADERS_BYTES_MAX = 65_536
const KEY_BYTES_MAX = 65_536

/** Characters of an error and of a stack that a dead letter keeps: enough to find the place, whatever was thrown. */
const ERROR_LENGTH_MAX = 2_000
const STACK_LENGTH_MAX = 8_000

/**
 * The record that says where a record came from and why it is here. It keeps the original key and headers, unless they
 * are larger than 64 KiB, and adds the headers by which Kafka consoles find their way back (the names are Spring's, which they look for).
 */
export function deadLetterRecord(record: ConsumedRecord, cause: DeadLetterCause, nowMs: number): ProducerRecord {
  const { topic, partition, offset } = record
  const value = record.value && beginningOf(record.value)
  const error = (record.fault ?? cause.error).slice(0, ERROR_LENGTH_MAX)
  const reason = record.fault === null ? cause.reason : 'unreadable'
  const failedAt = new Date(nowMs).toISOString()
  const isText = value === null || isUtf8(value)
  return {
    topic: TOPICS.deadLetters,
    key: record.key === null || record.key.length > KEY_BYTES_MAX ? null : Buffer.from(record.key),
    value: encodeDeadLetter(
      {
        original_topic: topic,
        original_partition: partition,
        original_offset: offset,
        error,
        message: value === null ? null : value.toString(isText ? 'utf8' : 'base64'),
        message_encoding: isText ? 'utf8' : 'base64',
        ...(value?.length === record.value?.length ? {} : { message_bytes: record.value!.length }),
        failed_at: failedAt,
        reason,
        attempts: cause.attempts,
        consumer_group: cause.consumerGroup,
      },
      value && jsonObjectText(value),
    ),
    headers: [
      ...originalHeaders(record),
      ...leftOutKey(record),
      ['kafka_dlt-original-topic', topic],
      ['kafka_dlt-original-partition', String(partition)],
      ['kafka_dlt-original-offset', String(offset)],
      ['kafka_dlt-original-timestamp', String(record.timestampMs)],
      ['kafka_dlt-original-consumer-group', cause.consumerGroup],
      ['kafka_dlt-exception-message', error],
      ...stackHeader(cause.stack),
      ['dlq-reason', reason],
      ['dlq-attempts', String(cause.attempts)],
      ['dlq-first-failed-at', failedAt],
    ],
  }
}

/** The original value of a dead letter, byte for byte if it was kept whole. `bytes` is what `letter` was decoded from. */
export function originalValue(letter: DeadLetter, bytes: Buffer): Buffer | null {
  const { message } = letter
  if (message === null) return null
  if (typeof message === 'object') return Buffer.from(memberText(decodeUtf8(bytes), 'message')!)
  return Buffer.from(message, letter.message_encoding)
}

/** An object is put in as it is written: parsed and written again, its long numbers would be rounded. */
function encodeDeadLetter(letter: DeadLetter, object: string | null): string {
  if (object === null) return codec.encode(letter)
  // Within a text of the dead letter these quotes would be escaped, so this is the member.
  return codec.encode({ ...letter, message: {} }).replace('"message":{}', () => `"message":${object}`)
}

/** As many as a dead letter holds, with their bytes as they are. */
function originalHeaders(record: ConsumedRecord): [string, Buffer][] {
  const kept: [string, Buffer][] = []
  let bytes = 0
  for (const [name, value] of record.headers) {
    bytes += name.length + value.length
    if (bytes > HEADERS_BYTES_MAX) break
    kept.push([name, Buffer.from(value)])
  }
  return kept
}

function leftOutKey({ key }: ConsumedRecord): [string, string][] {
  return key === null || key.length <= KEY_BYTES_MAX ? [] : [['dlq-key-bytes', String(key.length)]]
}

function stackHeader(stack: string | undefined): [string, string][] {
  return stack === undefined ? [] : [['kafka_dlt-exception-stacktrace', stack.slice(0, STACK_LENGTH_MAX)]]
}

/**
 * As much of a value as a dead letter holds. A character of UTF-8 is not cut: its further bytes begin with the bits 10.
 */
function beginningOf(value: Buffer): Buffer {
  let end = MESSAGE_BYTES_MAX
  while (end > MESSAGE_BYTES_MAX - 4 && (value[end]! & 0b1100_0000) === 0b1000_0000) end--
  return value.subarray(0, end)
}
