import { isUtf8 } from 'node:buffer'
import { cleanId, cleanText } from '../domain/text/clean-text.ts'
import { decodeUtf8 } from '../domain/text/decode-utf8.ts'
import { DeadLetter } from '../events/dead-letter.ts'
import { originalValue } from '../events/dead-letter-record.ts'
import { EventFormError, eventCodec } from '../events/event-codec.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import type { DeadLetterPlace } from './dead-letter-id.ts'

const codec = eventCodec(DeadLetter, { takesAnyText: true })

/** Begin the names of headers that a dead letter adds to those of its record. */
const ADDED = ['kafka_dlt-', 'dlq-']
export const REDRIVE_COUNT_HEADER = 'dlq-redrive-count'

const ERROR_LENGTH_MAX = 2_000
const NAME_LENGTH_MAX = 64
const TOPIC_LENGTH_MAX = 249
/** A dead letter is written when its record fails: a failure time further from that of its own record is absurd. */
const FAILED_APART_MS_MAX = 400 * 86_400_000

/** A dead letter as it is kept. `key`, `headers` and `value` are those of the original record. */
export interface StoredDeadLetter extends DeadLetterPlace {
  readonly reason: string
  readonly error: string
  readonly failedAt: string
  readonly originalTopic: string
  readonly originalPartition: number
  readonly originalOffset: number
  readonly consumerGroup: string
  readonly attempts: number
  /** How often the record was redriven before. */
  readonly redrives: number
  readonly subject: DeadLetterSubject
  readonly key: Buffer | null
  readonly headers: readonly (readonly [string, string])[]
  readonly value: Buffer | null
}

/** What the value is about, as far as it says. */
export interface DeadLetterSubject {
  readonly smsId: number | null
  readonly customerId: string | null
  readonly operator: string | null
}

/** Never throws: a record of `sms.dlq` that is no dead letter is kept as one of its own, so that someone sees it. */
export function readDeadLetter(record: ConsumedRecord): StoredDeadLetter {
  const { partition, offset } = record
  const headers = storableHeaders(record)
  const redrives = Number(headers.find(([name]) => name === REDRIVE_COUNT_HEADER)?.[1] ?? 0)
  const content = readContent(record)
  return {
    partition,
    offset,
    ...content,
    error: cleanText(content.error, ERROR_LENGTH_MAX),
    redrives: Number.isInteger(redrives) && redrives > 0 ? Math.min(redrives, 1_000) : 0,
    subject: subjectOf(content.value),
    key: record.key && Buffer.from(record.key),
    headers: headers.filter(([name]) => !ADDED.some((prefix) => name.startsWith(prefix))),
  }
}

function readContent(
  record: ConsumedRecord,
): Omit<StoredDeadLetter, keyof DeadLetterPlace | 'redrives' | 'subject' | 'key' | 'headers'> {
  try {
    const letter = codec.decode(record.value)
    return {
      reason: letter.reason,
      error: letter.error,
      failedAt: failedAtOf(letter.failed_at, record),
      originalTopic: cleanId(letter.original_topic, TOPIC_LENGTH_MAX) ?? '',
      originalPartition: letter.original_partition,
      originalOffset: letter.original_offset,
      consumerGroup: cleanId(letter.consumer_group) ?? '',
      attempts: letter.attempts,
      value: originalValue(letter, record.value!),
    }
  } catch (error) {
    if (!(error instanceof EventFormError)) throw error
    const reason = record.fault === null ? error.reason : 'unreadable'
    return unknownContent(record, reason, record.fault ?? error.message, record.value)
  }
}

function unknownContent(
  { topic, partition, offset, timestampMs }: Pick<ConsumedRecord, 'topic' | 'partition' | 'offset' | 'timestampMs'>,
  reason: string,
  error: string,
  value: Buffer | null,
) {
  return {
    reason,
    error: `this record is no dead letter: ${error}`,
    failedAt: new Date(timestampMs).toISOString(),
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: offset,
    consumerGroup: '',
    attempts: 0,
    value: value && Buffer.from(value),
  }
}

/** What is kept of a dead letter that PostgreSQL refuses: its place, its value, and why. */
export function reducedDeadLetter(record: ConsumedRecord, cause: string): StoredDeadLetter {
  const { partition, offset } = record
  const subject = { smsId: null, customerId: null, operator: null }
  const content = unknownContent(record, 'schema', cleanText(cause, ERROR_LENGTH_MAX), record.value)
  return { partition, offset, ...content, redrives: 0, subject, key: null, headers: [] }
}

/** Always the same for a record, so that a dead letter that is read again is recognised. */
function failedAtOf(text: string, record: ConsumedRecord): string {
  const failedMs = Date.parse(text)
  const isSane = Math.abs(failedMs - record.timestampMs) <= FAILED_APART_MS_MAX
  return new Date(isSane ? failedMs : record.timestampMs).toISOString()
}

/**
 * Those whose value is text that PostgreSQL stores; other bytes could neither be shown nor written again from there.
 */
function storableHeaders(record: ConsumedRecord): [string, string][] {
  return [...record.headers]
    .filter(([name, bytes]) => isUtf8(bytes) && !bytes.includes(0) && !name.includes('\0'))
    .map(([name, bytes]) => [name, bytes.toString()])
}

/** Reads the fields of a value that dead letters are searched by. */
export function subjectOf(value: Buffer | null): DeadLetterSubject {
  const { sms_id, customer_id, operator } = fieldsOf(value)
  return {
    smsId: Number.isSafeInteger(sms_id) && Number(sms_id) > 0 ? Number(sms_id) : null,
    customerId: nameOf(customer_id),
    operator: nameOf(operator),
  }
}

/** The fields of a value; none if it is no JSON object. */
export function fieldsOf(value: Buffer | null): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(decodeUtf8(value ?? Buffer.alloc(0)))
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {}
  } catch {
    return {}
  }
}

function nameOf(field: unknown): string | null {
  return typeof field === 'string' ? cleanId(field, NAME_LENGTH_MAX) : null
}
