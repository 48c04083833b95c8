import { auditSettings } from '../../audit/config.ts'
import { retentionSettings } from '../../monitor/retention/config.ts'

/** What one message leaves in a store beside Kafka, with everything that belongs to it: statuses, attempts, indexes. */
export interface BytesPerMessage {
  readonly store: string
  /** Bytes on disk, indexes included, for a message with a receipt and a webhook. */
  readonly bytes: number
  /** Days until the store drops it. */
  readonly keptDays: number
  /** Where the bytes were measured, or why they are assumed; and which setting keeps the days. */
  readonly basis: string
}

const {
  RETENTION_MESSAGES_DAYS: messages,
  RETENTION_ATTEMPTS_DAYS: attempts,
  RETENTION_LEDGER_DAYS: ledger,
  RETENTION_IDEMPOTENCY_HOURS: idempotency,
} = retentionSettings

/**
 * The planner's disks for PostgreSQL, ClickHouse and the audit log, kept as the settings are unless set. Those
 * measured are of 1,000,000 messages in one part, each with a receipt, a webhook and an idempotency key of 36 characters:
 * `bench/README.md` has them by table and index. Measure again when a table or a file changes.
 */
export const BYTES_PER_MESSAGE: readonly BytesPerMessage[] = [
  {
    store: 'PostgreSQL, messages',
    bytes: 550,
    keptDays: messages.fallback,
    basis: 'measured; RETENTION_MESSAGES_DAYS',
  },
  {
    store: 'PostgreSQL, attempts',
    bytes: 281,
    keptDays: attempts.fallback,
    basis: 'measured; RETENTION_ATTEMPTS_DAYS',
  },
  { store: 'PostgreSQL, ledger', bytes: 230, keptDays: ledger.fallback, basis: 'measured; RETENTION_LEDGER_DAYS' },
  {
    store: 'PostgreSQL, idempotency',
    bytes: 140,
    keptDays: idempotency.fallback / 24,
    basis: 'measured; RETENTION_IDEMPOTENCY_HOURS',
  },
  { store: 'ClickHouse', bytes: 86, keptDays: 400, basis: 'measured; days as the TTL of the tables' },
  {
    store: 'audit log',
    bytes: 189,
    keptDays: auditSettings.AUDIT_RETENTION_DAYS.fallback,
    basis: 'measured at 900 messages a second, 330 in batches of 10 lines; AUDIT_RETENTION_DAYS',
  },
]
