import { DeadLetter } from '../../events/dead-letter.ts'
import { EventFormError, eventCodec } from '../../events/event-codec.ts'
import type { ConsumedRecord } from '../../kafka/wire/record-batch-decode.ts'
import type { LetterPlace } from './letter-id.ts'

const codec = eventCodec(DeadLetter)

/** Begin the names of headers that a dead letter adds to those of its record. */
const ADDED = ['kafka_dlt-', 'dlq-']
export const REDRIVE_COUNT_HEADER = 'dlq-redrive-count'

const ERROR_LENGTH_MAX = 2_000
const NAME_LENGTH_MAX = 64

/** A dead letter as it is kept. `key`, `headers` and `value` are those of the original record. */
export interface Letter extends LetterPlace {
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
  readonly subject: LetterSubject
  readonly key: Buffer | null
  readonly headers: readonly (readonly [string, string])[]
  readonly value: Buffer | null
}

/** What the value is about, as far as it says. */
export interface LetterSubject {
  readonly smsId: number | null
  readonly customerId: string | null
  readonly operator: string | null
}

/** Never throws: a record of `sms.dlq` that is no dead letter is kept as one of its own, so that someone sees it. */
export function readLetter(record: ConsumedRecord): Letter {
  const { partition, offset } = record
  const headers = [...record.headers()].map(([name, bytes]): [string, string] => [name, bytes.toString()])
  const redrives = Number(headers.find(([name]) => name === REDRIVE_COUNT_HEADER)?.[1] ?? 0)
  const content = readContent(record)
  return {
    partition,
    offset,
    ...content,
    error: storable(content.error).slice(0, ERROR_LENGTH_MAX),
    redrives: Number.isInteger(redrives) && redrives > 0 ? Math.min(redrives, 1_000) : 0,
    subject: subjectOf(content.value),
    key: record.key && Buffer.from(record.key),
    headers: headers.filter(([name]) => !ADDED.some((prefix) => name.startsWith(prefix))),
  }
}

function readContent(
  record: ConsumedRecord,
): Omit<Letter, keyof LetterPlace | 'redrives' | 'subject' | 'key' | 'headers'> {
  try {
    const letter = codec.decode(record.value)
    const encoding = letter.message_encoding === 'base64' ? 'base64' : 'utf8'
    return {
      reason: letter.reason,
      error: letter.error,
      failedAt: letter.failed_at,
      originalTopic: storable(letter.original_topic),
      originalPartition: letter.original_partition,
      originalOffset: letter.original_offset,
      consumerGroup: storable(letter.consumer_group),
      attempts: letter.attempts,
      value: letter.message === null ? null : Buffer.from(letter.message, encoding),
    }
  } catch (error) {
    if (!(error instanceof EventFormError)) throw error
    return {
      reason: error.reason,
      error: `this record is no dead letter: ${error.message}`,
      failedAt: new Date(record.timestampMs).toISOString(),
      originalTopic: record.topic,
      originalPartition: record.partition,
      originalOffset: record.offset,
      consumerGroup: '',
      attempts: 0,
      value: record.value && Buffer.from(record.value),
    }
  }
}

/** Reads of a value what letters are found by. */
export function subjectOf(value: Buffer | null): LetterSubject {
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
    const parsed: unknown = JSON.parse(value?.toString() ?? '')
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {}
  } catch {
    return {}
  }
}

function nameOf(field: unknown): string | null {
  return typeof field === 'string' && field !== '' ? storable(field).slice(0, NAME_LENGTH_MAX) : null
}

/** PostgreSQL's texts have no character 0. */
function storable(text: string): string {
  return text.replaceAll('\0', '')
}
