import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { cleanText } from '../domain/text/clean-text.ts'
import { ACTOR_HEADER } from '../events/dead-letter-action.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'

/**
 * What the log keeps of a record: which event it was, where it stands, and a hash by which its content can be proven
 * later. No phone number and no text.
 */
export interface AuditEntry {
  readonly at: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly type: string | null
  readonly id: string | null
  readonly key: string | null
  readonly value_sha256: string | null
  /** Who did it, where a person did. */
  readonly by?: string
  /** What the record stands for cannot be read: which offsets, and why. */
  readonly fault?: string
}

const TEXT_CHARS_MAX = 255

const HEADERS = { ce_type: 'type', ce_id: 'id', [ACTOR_HEADER]: 'by' } as const

/**
 * Reads nothing of the value: type and id stand in the headers, the customer or message in the key. Never throws: the
 * texts are cleaned and cut, and bytes that are no text are given in hexadecimal.
 */
export function auditEntry(record: ConsumedRecord): AuditEntry {
  const known: { type: string | null; id: string | null; by?: string } = { type: null, id: null }
  for (const [name, value] of record.headers()) {
    if (Object.hasOwn(HEADERS, name)) known[HEADERS[name as keyof typeof HEADERS]] = textOf(value)
  }
  return {
    at: new Date(record.timestampMs).toISOString(),
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    ...known,
    key: record.key && textOf(record.key),
    value_sha256: record.value && hash('sha256', record.value),
    ...(record.fault === null ? {} : { fault: record.fault }),
  }
}

function textOf(bytes: Buffer): string {
  return isUtf8(bytes) ? cleanText(bytes.toString(), TEXT_CHARS_MAX) : bytes.toString('hex', 0, TEXT_CHARS_MAX >> 1)
}
