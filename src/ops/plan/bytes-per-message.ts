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

/** The planner's disks for PostgreSQL, ClickHouse and the audit log. Measure again when a table or a file changes. */
export const BYTES_PER_MESSAGE: readonly BytesPerMessage[] = [
  {
    store: 'PostgreSQL',
    bytes: 2_400,
    keptDays: 30,
    basis: 'measured on 1 million messages; days assumed',
  },
  {
    store: 'ClickHouse',
    bytes: 200,
    keptDays: 400,
    basis: 'bytes assumed; days as the TTL of the tables',
  },
  {
    store: 'audit log',
    bytes: 1_800,
    keptDays: 365,
    basis: 'measured, not compressed; days assumed',
  },
]
