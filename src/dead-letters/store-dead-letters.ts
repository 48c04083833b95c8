import type { QueryConfig } from 'pg'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { isItemFault } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import { type Column, RowArrays } from '../postgres/row-arrays.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { isolateFailures } from '../runtime/isolate-failures.ts'
import { readDeadLetter, reducedDeadLetter, type StoredDeadLetter } from './read-dead-letter.ts'

/**
 * Stores the dead letters of records. One that PostgreSQL refuses is stored in a reduced form, and `reduced` is
 * called with it; the others are stored as they are. Throws what is no dead letter's fault.
 */
export async function keepDeadLetters(
  pool: Pool,
  records: readonly ConsumedRecord[],
  reduced: (record: ConsumedRecord, error: unknown) => void,
): Promise<void> {
  await isolateFailures(records, {
    apply: async (some) => {
      await storeDeadLetters(pool, some.map(readDeadLetter))
      return some
    },
    isItemFault,
    async isolated(record, error) {
      await storeDeadLetters(pool, [reducedDeadLetter(record, (error as Error).message)])
      reduced(record, error)
      return record
    },
  })
}

/** Keeps dead letters, all or none; those that are kept already stay as they are. */
export async function storeDeadLetters(pool: Pool, letters: readonly StoredDeadLetter[]): Promise<void> {
  await inTransaction(pool, async (connection, sendLast) => {
    await connection.query(forgetFormer(letters))
    sendLast(insertDeadLetters(letters))
  })
}

const PLACE = {
  dlq_partition: ['integer', ({ partition }) => partition],
  dlq_offset: ['bigint', ({ offset }) => offset],
  failed_at: ['timestamptz', ({ failedAt }) => failedAt],
} as const satisfies Readonly<Record<string, Column<StoredDeadLetter>>>

const FAILURES = new RowArrays<StoredDeadLetter>(PLACE)
const LETTERS = new RowArrays<StoredDeadLetter>({
  ...PLACE,
  reason: ['text', ({ reason }) => reason],
  error: ['text', ({ error }) => error],
  original_topic: ['text', ({ originalTopic }) => originalTopic],
  original_partition: ['integer', ({ originalPartition }) => originalPartition],
  original_offset: ['bigint', ({ originalOffset }) => originalOffset],
  consumer_group: ['text', ({ consumerGroup }) => consumerGroup],
  attempts: ['integer', ({ attempts }) => attempts],
  redrives: ['smallint', ({ redrives }) => redrives],
  sms_id: ['bigint', ({ subject }) => subject.smsId],
  customer_id: ['text', ({ subject }) => subject.customerId],
  operator: ['text', ({ subject }) => subject.operator],
  key: ['bytea', ({ key }) => key],
  headers: ['json', ({ headers }) => JSON.stringify(headers)],
  value: ['bytea', ({ value }) => value],
})

/** A topic that was made anew counts from 0 again: what is stored at these places is of another log. */
function forgetFormer(letters: readonly StoredDeadLetter[]): QueryConfig {
  return {
    name: 'dlq-forget-former',
    text: `DELETE FROM dead_letters AS known USING ${FAILURES.from('new')}
           WHERE known.dlq_partition = new.dlq_partition AND known.dlq_offset = new.dlq_offset
             AND known.failed_at <> new.failed_at`,
    values: FAILURES.values(letters),
  }
}

function insertDeadLetters(letters: readonly StoredDeadLetter[]): QueryConfig {
  return {
    name: 'dlq-insert-2',
    text: `INSERT INTO dead_letters (${LETTERS.names}) SELECT * FROM ${LETTERS.from('letter')}
           ON CONFLICT DO NOTHING`,
    values: LETTERS.values(letters),
  }
}
