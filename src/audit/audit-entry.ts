import { hash } from 'node:crypto'
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
}

const HEADERS = { ce_type: 'type', ce_id: 'id', [ACTOR_HEADER]: 'by' } as const

/** Reads nothing of the value: type and id stand in the headers, the customer or message in the key. */
export function auditEntry(record: ConsumedRecord): AuditEntry {
  const known: { type: string | null; id: string | null; by?: string } = { type: null, id: null }
  for (const [name, value] of record.headers()) {
    if (Object.hasOwn(HEADERS, name)) known[HEADERS[name as keyof typeof HEADERS]] = value.toString()
  }
  return {
    at: new Date(record.timestampMs).toISOString(),
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    ...known,
    key: record.key?.toString() ?? null,
    value_sha256: record.value && hash('sha256', record.value),
  }
}
