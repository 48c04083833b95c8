import type { QueryConfig } from 'pg'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { numberArray, textArray } from '../postgres/array-literal.ts'
import { isItemFault } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { isolateFailures } from '../runtime/isolate-failures.ts'
import { type Letter, readLetter, reducedLetter } from './read-letter.ts'

/**
 * Stores the dead letters of records. One that PostgreSQL refuses is stored in a reduced form, and `reduced` is
 * called with it; the others are stored as they are. Throws what is no dead letter's fault.
 */
export async function keepLetters(
  pool: Pool,
  records: readonly ConsumedRecord[],
  reduced: (record: ConsumedRecord, error: unknown) => void,
): Promise<void> {
  await isolateFailures(records, {
    apply: async (some) => {
      await storeLetters(pool, some.map(readLetter))
      return some
    },
    isItemFault,
    async isolated(record, error) {
      await storeLetters(pool, [reducedLetter(record, (error as Error).message)])
      reduced(record, error)
      return record
    },
  })
}

/** Keeps dead letters, all or none; those that are kept already stay as they are. */
export async function storeLetters(pool: Pool, letters: readonly Letter[]): Promise<void> {
  await inTransaction(pool, async (connection, sendLast) => {
    await connection.query(forgetFormer(letters))
    sendLast(insertLetters(letters))
  })
}

/** A topic that was made anew counts from 0 again: what is stored at these places is of another log. */
function forgetFormer(letters: readonly Letter[]): QueryConfig {
  return {
    name: 'dlq-forget-former',
    text: `DELETE FROM dead_letters AS known USING unnest($1::integer[], $2::bigint[], $3::timestamptz[])
             AS new (dlq_partition, dlq_offset, failed_at)
           WHERE known.dlq_partition = new.dlq_partition AND known.dlq_offset = new.dlq_offset
             AND known.failed_at <> new.failed_at`,
    values: [
      numberArray(letters.map(({ partition }) => partition)),
      numberArray(letters.map(({ offset }) => offset)),
      textArray(letters.map(({ failedAt }) => failedAt)),
    ],
  }
}

function insertLetters(letters: readonly Letter[]): QueryConfig {
  return {
    name: 'dlq-insert',
    text: `INSERT INTO dead_letters (dlq_partition, dlq_offset, reason, error, failed_at, original_topic,
             original_partition, original_offset, consumer_group, attempts, redrives, sms_id, customer_id, operator,
             key, headers, value)
           SELECT * FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::text[],
             $7::integer[], $8::bigint[], $9::text[], $10::integer[], $11::smallint[], $12::bigint[], $13::text[],
             $14::text[], $15::bytea[], $16::json[], $17::bytea[])
           ON CONFLICT DO NOTHING`,
    values: [
      numberArray(letters.map(({ partition }) => partition)),
      numberArray(letters.map(({ offset }) => offset)),
      textArray(letters.map(({ reason }) => reason)),
      textArray(letters.map(({ error }) => error)),
      textArray(letters.map(({ failedAt }) => failedAt)),
      textArray(letters.map(({ originalTopic }) => originalTopic)),
      numberArray(letters.map(({ originalPartition }) => originalPartition)),
      numberArray(letters.map(({ originalOffset }) => originalOffset)),
      textArray(letters.map(({ consumerGroup }) => consumerGroup)),
      numberArray(letters.map(({ attempts }) => attempts)),
      numberArray(letters.map(({ redrives }) => redrives)),
      numberArray(letters.map(({ subject }) => subject.smsId)),
      textArray(letters.map(({ subject }) => subject.customerId)),
      textArray(letters.map(({ subject }) => subject.operator)),
      textArray(letters.map(({ key }) => byteaLiteral(key))),
      textArray(letters.map(({ headers }) => JSON.stringify(headers))),
      textArray(letters.map(({ value }) => byteaLiteral(value))),
    ],
  }
}

function byteaLiteral(bytes: Buffer | null): string | null {
  return bytes && `\\x${bytes.toString('hex')}`
}
