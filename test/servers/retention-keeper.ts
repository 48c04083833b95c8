import { onTestFinished } from 'vitest'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import { retentionSettings } from '../../src/monitor/retention/config.ts'
import { RetentionKeeper } from '../../src/monitor/retention/retention-keeper.ts'
import type { RetentionSettings } from '../../src/monitor/retention/table-rules.ts'
import type { Connection, Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { listPartitions, type Partition } from '../../src/tables/drop-partition.ts'
import { ensurePartitions } from '../../src/tables/ensure-partitions.ts'
import { DAY_MS, startOfDay } from '../../src/tables/partitioned-tables.ts'

const NO_LOG = { info() {}, warn() {}, error() {} }

export interface Keeper {
  readonly metrics: Metrics
  readonly connection: Connection
  /** One round, at that time. */
  round(nowMs: number): Promise<void>
}

export interface KeeperClocks {
  /** Up to when everyone has read, at that time. Throws for Kafka that is unavailable. */
  readonly readUpTo?: (nowMs: number) => number
  /** The keeper's own clock; as PostgreSQL's unless given. */
  readonly ownMs?: () => number
}

export async function keeperOf(
  pool: Pool,
  changes: Partial<RetentionSettings> = {},
  { readUpTo = (ms: number) => ms + 1, ownMs }: KeeperClocks = {},
): Promise<Keeper> {
  const metrics = new Metrics()
  const now = { ms: 0 }
  const keeper = new RetentionKeeper({
    settings: { ...readSettings(retentionSettings, {}), ...changes },
    pool,
    readUpTo: { look: async (nowMs) => readUpTo(nowMs) },
    health: new Health(),
    metrics,
    log: NO_LOG,
    nowMs: async () => now.ms,
    ownMs: ownMs ?? (() => now.ms),
  })
  const connection = await pool.connect()
  await connection.query("SET lock_timeout = '200ms'")
  onTestFinished(() => connection.release(true))
  return {
    metrics,
    connection,
    round: async (nowMs) => {
      now.ms = nowMs
      await keeper.round(connection)
    },
  }
}

/** A day's messages: delivered, but for those that `isOpen` says; every table that traffic fills has rows of them. */
export async function fillDay(
  pool: Pool,
  dayStartMs: number,
  messages: number,
  isOpen: (n: number) => boolean,
): Promise<void> {
  const first = firstSmsIdAt(dayStartMs)
  const open = Array.from({ length: messages }, (_, n) => n).filter(isOpen)
  const at = new Date(dayStartMs).toISOString()
  await pool.query(
    `WITH message AS (SELECT $1::bigint + n AS sms_id, n, NOT n = ANY($4::int[]) AS is_final FROM generate_series(0, $2::int - 1) AS n),
     accepted AS (INSERT INTO messages (sms_id, customer_id, phone, text, encoding, segments, operator, cost, priority,
         max_retries, accepted_at)
       SELECT sms_id, 'c', '+989121234567', 'a text of the usual length, of some sixty characters or so', 'gsm7', 1, 'o', 10, 1, 3, $3 FROM message),
     stated AS (INSERT INTO message_states (sms_id, customer_id, status, attempt, settlement, possible_duplicate, steps,
         revision, updated_at)
       SELECT sms_id, 'c', CASE WHEN is_final THEN 'delivered' ELSE 'sending' END, 1, 'captured', false, 'g1', 1, $3 FROM message),
     tried AS (INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until)
       SELECT sms_id, 1, 'o', 'w', false, $3, $3 FROM message),
     parted AS (INSERT INTO attempt_parts (sms_id, attempt, part, operator, outcome, ended_at)
       SELECT sms_id, 1, 1, 'o', 'sent', $3 FROM message WHERE n % 5 = 0),
     entered AS (INSERT INTO ledger (ref, kind, customer_id, balance, reserved)
       SELECT sms_id, 'reserve', 'c', -10, 10 FROM message
       UNION ALL SELECT sms_id, 'capture', 'c', 0, -10 FROM message WHERE is_final),
     answered AS (INSERT INTO idempotency (customer_id, key, request_hash, sms_id, created_at)
       SELECT 'c', 'k' || sms_id, 'h', sms_id, $3 FROM message),
     later AS (INSERT INTO idempotency_scheduled (customer_id, key, request_hash, sms_ids, created_at)
       SELECT 'c', 's' || sms_id, 'h', ARRAY[sms_id], $3 FROM message WHERE n % 10 = 0),
     again AS (INSERT INTO republications (sms_id, times, outbox_seq, republished_at)
       SELECT sms_id, 1, 1, $3 FROM message WHERE n % 10 = 0),
     noted AS (INSERT INTO dead_letter_actions (action_id, record) SELECT sms_id, '{}' FROM message WHERE n % 20 = 0)
     UPDATE balances SET balance = balance - 10 * $2::int, reserved = reserved + 10 * $5::int WHERE customer_id = 'c'`,
    [first, messages, at, open, open.length],
  )
}

export async function withCustomer(pool: Pool): Promise<void> {
  await pool.query(`INSERT INTO customers (customer_id, name, currency) VALUES ('c', 'c', 'IRR')`)
  await pool.query(`INSERT INTO balances (customer_id, balance) VALUES ('c', 1000000000)`)
}

/** What balances say and what the ledger says, the days that were dropped included. */
export async function books(pool: Pool) {
  const { rows } = await pool.query(
    `SELECT (SELECT balance - 1000000000 FROM balances) AS balance, (SELECT reserved FROM balances) AS reserved,
       (SELECT coalesce(sum(balance), 0) FROM ledger)::bigint + coalesce((SELECT sum(balance) FROM ledger_carried), 0)::bigint AS entered,
       (SELECT coalesce(sum(reserved), 0) FROM ledger)::bigint + coalesce((SELECT sum(reserved) FROM ledger_carried), 0)::bigint AS reserving`,
  )
  return rows[0] as Record<'balance' | 'reserved' | 'entered' | 'reserving', number>
}

export const OLD_MS = startOfDay(Date.now()) - 100 * DAY_MS

export async function oldDay(pool: Pool, isOpen: (n: number) => boolean = () => false): Promise<void> {
  await withCustomer(pool)
  await ensurePartitions(pool, OLD_MS)
  await fillDay(pool, OLD_MS, 20, isOpen)
}

export async function hasDay(pool: Pool, table = 'messages'): Promise<boolean> {
  return (await partitionOf(pool, table)) !== undefined
}

/** Of the old day. */
export async function partitionOf(pool: Pool, table: string): Promise<Partition> {
  return (await listPartitions(pool, [table])).find(({ dayStartMs }) => dayStartMs === OLD_MS)!
}
