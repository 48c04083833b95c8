import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { cleanText } from '../domain/text/clean-text.ts'
import { ACTOR_HEADER } from '../events/dead-letter-action.ts'
import { TOPICS } from '../events/topics.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'

/**
 * What the log keeps of a record: which event it was, its place in Kafka, and a hash by which its content can be proven
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
  /** SHA-256 of the value in base64url; null without a value. */
  readonly value_sha256: string | null
  /** The person behind the event, if there is one. */
  readonly by?: string
  /** An administrator's act, as its record says it (`src/events/admin-act.ts`): no other store keeps it for so long. */
  readonly act?: string
  /** Why the record cannot be read, and which offsets it covers. */
  readonly fault?: string
}

const TEXT_CHARS_MAX = 255
const ACT_CHARS_MAX = 8_192

const HEADERS = { ce_type: 'type', ce_id: 'id', [ACTOR_HEADER]: 'by' } as const

/**
 * Reads the value of acts alone: of other records type and id are in the headers, the customer or message in the key.
 * Never throws: the texts are cleaned and cut, and bytes that are no text are given in hexadecimal.
 */
export function auditEntry(record: ConsumedRecord): AuditEntry {
  const known: { type: string | null; id: string | null; by?: string } = { type: null, id: null }
  for (const [name, value] of record.headers) {
    if (Object.hasOwn(HEADERS, name)) known[HEADERS[name as keyof typeof HEADERS]] = textOf(value)
  }
  const isAct = record.topic === TOPICS.acts && record.value !== null
  return {
    at: new Date(record.timestampMs).toISOString(),
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    ...known,
    key: record.key && textOf(record.key),
    value_sha256: record.value && hash('sha256', record.value, 'base64url'),
    ...(isAct ? { act: textOf(record.value!, ACT_CHARS_MAX) } : {}),
    ...(record.fault === null ? {} : { fault: record.fault }),
  }
}

function textOf(bytes: Buffer, charsMax = TEXT_CHARS_MAX): string {
  return isUtf8(bytes) ? cleanText(bytes.toString(), charsMax) : bytes.toString('hex', 0, charsMax >> 1)
}
