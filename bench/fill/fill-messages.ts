import { outboxShard } from '../../src/domain/outbox-shard.ts'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import { encodeSteps } from '../../src/domain/timeline-steps.ts'
import { numberArray } from '../../src/postgres/array-literal.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { customerIdOf } from '../../test/gateway/fill/fill-customers.ts'

/** Messages that look as if they had been accepted at some time, one right after the other. */
export interface FilledMessages {
  readonly acceptedAtMs: number
  readonly count: number
  /** Spread over the customers `bench-0` up to, and without, this one. */
  readonly customers: number
  /** Called with how many are written. */
  readonly progress: (written: number) => void
}

const AT_ONCE = 50_000
const COST = 100

/** What accepting writes, as in `src/accept/accept-statements.ts`, for the numbers from $1 to $2. */
const ACCEPTED = `
  message AS (
    SELECT $3::bigint + n AS sms_id, 'bench-' || n % $4::bigint AS customer_id, n FROM generate_series($1::bigint, $2::bigint) AS n
  ), accepted AS (
    INSERT INTO messages (sms_id, customer_id, phone, text, encoding, segments, operator, cost, priority, max_retries,
      ip, accepted_at)
    SELECT sms_id, customer_id, '+98912' || lpad((n % 10000000)::text, 7, '0'),
      'Message ' || n || ': your parcel arrives today between 14:00 and 16:00.', 'gsm7', 1, 'simulator', ${COST}, 1, 3,
      '127.0.0.1', $5::timestamptz
    FROM message
  ), reserved AS (
    INSERT INTO ledger (ref, kind, customer_id, balance, reserved)
    SELECT sms_id, 'reserve', customer_id, -${COST}, ${COST} FROM message
  ), spent AS (
    SELECT customer_id, count(*) * ${COST} AS amount FROM message GROUP BY customer_id
  )`

const WAITING = `
  WITH ${ACCEPTED}, queued AS (
    INSERT INTO outbox (shard, sms_id)
    SELECT ($6::smallint[])[n % $4::bigint + 1], sms_id FROM message ORDER BY n
  )
  UPDATE balances SET balance = balances.balance - spent.amount, reserved = balances.reserved + spent.amount
  FROM spent WHERE balances.customer_id = spent.customer_id`

const DELIVERED = `
  WITH ${ACCEPTED}, tried AS (
    INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until, outcome,
      operator_message_id, ended_at)
    SELECT sms_id, 1, 'simulator', 'bench', false, $5::timestamptz, $5::timestamptz, 'sent', 'bench-' || n, $5::timestamptz
    FROM message
  ), stated AS (
    INSERT INTO message_states (sms_id, customer_id, status, attempt, settlement, operator_message_id,
      possible_duplicate, steps, revision, updated_at)
    SELECT sms_id, customer_id, 'delivered', 1, 'captured', 'bench-' || n, false, $6::text, 2, $5::timestamptz
    FROM message
  ), captured AS (
    INSERT INTO ledger (ref, kind, customer_id, balance, reserved)
    SELECT sms_id, 'capture', customer_id, 0, -${COST} FROM message
  )
  UPDATE balances SET balance = balances.balance - spent.amount
  FROM spent WHERE balances.customer_id = spent.customer_id`

/** Messages that wait in the outbox. */
export async function fillWaiting(pool: Pool, messages: FilledMessages): Promise<void> {
  const shards = Array.from({ length: messages.customers }, (_, index) => outboxShard(customerIdOf(index)))
  await fill(pool, messages, WAITING, numberArray(shards))
}

/** Messages that were delivered. */
export async function fillDelivered(pool: Pool, messages: FilledMessages): Promise<void> {
  const at = new Date(messages.acceptedAtMs).toISOString()
  const timeline = (['sending', 'sent', 'delivered'] as const).map((status) => ({ status, at, attempt: 1 }))
  await fill(pool, messages, DELIVERED, encodeSteps(timeline))
}

/** Ends with a checkpoint, so that what was filled is not still being written while something is measured. */
async function fill(pool: Pool, messages: FilledMessages, statement: string, own: string): Promise<void> {
  const { acceptedAtMs, count, customers, progress } = messages
  for (let first = 0; first < count; first += AT_ONCE) {
    const last = Math.min(count, first + AT_ONCE) - 1
    const at = new Date(acceptedAtMs).toISOString()
    await pool.query(statement, [first, last, firstSmsIdAt(acceptedAtMs), customers, at, own])
    progress(last + 1)
  }
  await pool.query('CHECKPOINT')
}
