import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { fillFailedMessages } from '../../bench/fill/fill-dead-letters.ts'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import { allSettings } from '../../src/ops/cli/config-command.ts'
import { redriveLetters } from '../../src/ops/dlq/redrive-letters.ts'
import { retentionSettings } from '../../src/ops/retention/config.ts'
import { RetentionKeeper } from '../../src/ops/retention/retention-keeper.ts'
import { type RetentionSettings, TABLE_RULES } from '../../src/ops/retention/table-rules.ts'
import { dropPartition, listPartitions } from '../../src/postgres/drop-partition.ts'
import { ensurePartitions } from '../../src/postgres/ensure-partitions.ts'
import { DAY_MS, PARTITIONED_TABLES, startOfDay } from '../../src/postgres/partitioned-tables.ts'
import type { Connection, Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const NO_LOG = { info() {}, warn() {}, error() {} }
const DAYS = 365
const A_DAY = 40
/** As autovacuum does for tables whose rows are deleted, when there is time. */
const VACUUM = 'VACUUM idempotency_scheduled, republications, dead_letter_actions, retention_days'

interface Keeper {
  readonly metrics: Metrics
  readonly connection: Connection
  /** One round, at that time. */
  round(nowMs: number): Promise<void>
}

async function keeperOf(
  pool: Pool,
  changes: Partial<RetentionSettings> = {},
  readUpTo = (ms: number) => ms,
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
  })
  const connection = await pool.connect()
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
async function fillDay(
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

async function withCustomer(pool: Pool): Promise<void> {
  await pool.query(`INSERT INTO customers (customer_id, name, currency) VALUES ('c', 'c', 'IRR')`)
  await pool.query(`INSERT INTO balances (customer_id, balance) VALUES ('c', 1000000000)`)
}

async function spaceOf(pool: Pool): Promise<{ bytes: number; partitions: number }> {
  const { rows } = await pool.query<{ bytes: string; partitions: string }>(
    `SELECT sum(pg_total_relation_size(oid))::text AS bytes, count(*) FILTER (WHERE relispartition)::text AS partitions
     FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  )
  return { bytes: Number(rows[0]!.bytes), partitions: Number(rows[0]!.partitions) }
}

/** What balances say and what the ledger says, the days that were dropped included. */
async function books(pool: Pool) {
  const { rows } = await pool.query(
    `SELECT (SELECT balance - 1000000000 FROM balances) AS balance, (SELECT reserved FROM balances) AS reserved,
       (SELECT coalesce(sum(balance), 0) FROM ledger)::bigint + coalesce((SELECT sum(balance) FROM ledger_carried), 0)::bigint AS entered,
       (SELECT coalesce(sum(reserved), 0) FROM ledger)::bigint + coalesce((SELECT sum(reserved) FROM ledger_carried), 0)::bigint AS reserving`,
  )
  return rows[0] as Record<'balance' | 'reserved' | 'entered' | 'reserving', number>
}

test('every table has a rule, and every rule a table; a rule that another role keeps names a setting', async () => {
  const pool = await freshDatabase()
  const { rows } = await pool.query<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
       AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  )
  expect(rows.map(({ relname }) => relname)).toEqual(Object.keys(TABLE_RULES).sort())
  const settings = new Set(Object.values(allSettings()).flatMap((each) => Object.keys(each)))
  const named = Object.values(TABLE_RULES).flatMap((rule) => ('setting' in rule ? [rule.setting] : []))
  expect(named.filter((name) => !settings.has(name))).toEqual([])
  const parted = await pool.query<{ relname: string }>("SELECT relname FROM pg_class WHERE relkind = 'p' ORDER BY 1")
  expect(parted.rows.map(({ relname }) => relname)).toEqual(PARTITIONED_TABLES.map(({ name }) => name).sort())
  for (const { name } of PARTITIONED_TABLES) expect(TABLE_RULES[name]!.kind).toBe('days')
})

test('over a year of days space stays flat, and no message is lost that is not final', {
  timeout: 600_000,
}, async () => {
  const pool = await freshDatabase()
  await withCustomer(pool)
  // The longest that anything of the traffic is kept here, so that most of the year is spent in the steady state.
  const keeper = await keeperOf(pool, { RETENTION_LEDGER_DAYS: 60, RETENTION_DEAD_LETTER_ACTIONS_DAYS: 60 })
  const firstDayMs = startOfDay(Date.now()) + 30 * DAY_MS
  const stuckDays = new Set([3, 90, 91, 200])
  const spaces: { bytes: number; partitions: number }[] = []
  for (let day = 0; day < DAYS; day++) {
    const nowMs = firstDayMs + day * DAY_MS
    await ensurePartitions(pool, nowMs)
    await fillDay(pool, nowMs, A_DAY, (n) => stuckDays.has(day) && n < 3)
    await keeper.round(nowMs + DAY_MS / 2)
    if (day % 10 === 0) await pool.query(VACUUM)
    spaces.push(await spaceOf(pool))
  }
  const { rows: open } = await pool.query<{ count: number }>(
    "SELECT count(*) AS count FROM messages JOIN message_states USING (sms_id) WHERE status = 'sending'",
  )
  expect(open[0]!.count).toBe(3 * stuckDays.size)
  const sums = await books(pool)
  expect({ balance: sums.entered, reserved: sums.reserving }).toEqual({
    balance: sums.balance,
    reserved: sums.reserved,
  })
  // A day that is held keeps four partitions beyond their 45 days, and that of the ledger beyond its 60.
  const held = (day: number): number =>
    [...stuckDays].reduce((sum, stuck) => sum + (day - stuck > 45 ? 4 : 0) + (day - stuck > 60 ? 1 : 0), 0)
  const partitionsAt = (day: number): number => spaces[day]!.partitions - held(day)
  for (let day = 120; day < DAYS; day++) expect(partitionsAt(day)).toBe(partitionsAt(120))
  const perPartition = spaces[120]!.bytes / spaces[120]!.partitions
  expect(spaces[DAYS - 1]!.bytes).toBeLessThan(spaces[120]!.bytes * 1.1 + held(DAYS - 1) * perPartition)
  // The messages get on at last, and their days go.
  await pool.query("UPDATE message_states SET status = 'unknown' WHERE status = 'sending'")
  const endMs = firstDayMs + DAYS * DAY_MS
  await keeper.round(endMs)
  await keeper.round(endMs)
  expect((await spaceOf(pool)).partitions).toBeLessThanOrEqual(partitionsAt(DAYS - 1))
  expect(await metric(keeper.metrics, 'smsgw_retention_open_messages')).toBe(0)
})

async function metric(metrics: Metrics, name: string): Promise<number | undefined> {
  const values = await metrics.registry.getSingleMetric(name)!.get()
  return values.values.reduce((sum, { value }) => sum + value, 0)
}

const OLD_MS = startOfDay(Date.now()) - 100 * DAY_MS

async function oldDay(pool: Pool, isOpen: (n: number) => boolean = () => false): Promise<void> {
  await withCustomer(pool)
  await ensurePartitions(pool, OLD_MS)
  await fillDay(pool, OLD_MS, 20, isOpen)
}

async function hasDay(pool: Pool, table = 'messages'): Promise<boolean> {
  return (await listPartitions(pool, [table])).some(({ dayStartMs }) => dayStartMs === OLD_MS)
}

test('a day waits for the readers of the topics, for the outbox, and for its last message', async () => {
  const pool = await freshDatabase()
  await oldDay(pool, (n) => n === 7)
  let readUpToMs = 0
  const keeper = await keeperOf(pool, {}, () => readUpToMs)
  const smsId = firstSmsIdAt(OLD_MS) + 7
  await pool.query('INSERT INTO outbox (shard, sms_id) VALUES (0, $1)', [smsId])
  const nowMs = Date.now()
  await keeper.round(nowMs)
  expect(await hasDay(pool)).toBe(true)
  expect(await metric(keeper.metrics, 'smsgw_retention_open_messages')).toBe(1)
  await pool.query("UPDATE message_states SET status = 'delivered' WHERE sms_id = $1", [smsId])
  readUpToMs = nowMs + 10
  await keeper.round(nowMs + 1)
  expect(await metric(keeper.metrics, 'smsgw_retention_open_messages')).toBe(0)
  expect(await hasDay(pool)).toBe(true)
  await pool.query('DELETE FROM outbox')
  readUpToMs = nowMs
  await keeper.round(nowMs + 2)
  expect(await hasDay(pool)).toBe(true)
  readUpToMs = nowMs + 3
  await keeper.round(nowMs + 4)
  expect(await hasDay(pool)).toBe(false)
  expect(await hasDay(pool, 'ledger')).toBe(true)
})

test('nobody opens a message again of a day that is being closed', async () => {
  const pool = await freshDatabase()
  await ensurePartitions(pool, OLD_MS)
  const keeper = await keeperOf(pool, {}, () => 0)
  await withCustomer(pool)
  await fillFailedMessages(pool, { customerId: 'c', count: 2, cost: 10, acceptedAtMs: OLD_MS })
  await keeper.round(Date.now())
  const result = await redriveLetters(
    pool,
    { kind: 'places', places: [{ partition: 0, offset: 0 }] },
    { by: 'me', redrivesMax: 3 },
  )
  expect(JSON.stringify(result)).toContain('about to be dropped')
})

test('a drop that was interrupted anywhere is finished, and the ledger is carried once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('attached', 'detaching', 'detached'), async (state) => {
      const pool = await freshDatabase()
      await oldDay(pool)
      const before = await books(pool)
      const keeper = await keeperOf(pool)
      const [partition] = (await listPartitions(pool, ['ledger'])).filter(({ dayStartMs }) => dayStartMs === OLD_MS)
      const name = partition!.name
      if (state === 'detached')
        await keeper.connection.query(`ALTER TABLE ledger DETACH PARTITION ${name} CONCURRENTLY`)
      if (state === 'detaching') await interruptDetach(pool, name)
      const [found] = (await listPartitions(pool, ['ledger'])).filter(({ dayStartMs }) => dayStartMs === OLD_MS)
      expect(found!.state).toBe(state)
      await keeper.round(Date.now() + 30 * DAY_MS)
      await keeper.round(Date.now() + 30 * DAY_MS)
      expect(await hasDay(pool, 'ledger')).toBe(false)
      expect(await books(pool)).toEqual(before)
    }),
    { numRuns: 3, examples: [['attached'], ['detaching'], ['detached']] },
  )
})

/** A transaction that has read the table keeps the detaching from its second step, in which it runs into its time limit. */
async function interruptDetach(pool: Pool, name: string): Promise<void> {
  const reader = await pool.connect()
  const detacher = await pool.connect()
  try {
    await reader.query('BEGIN')
    await reader.query('SELECT count(*) FROM ledger')
    await detacher.query("SET lock_timeout = '100ms'")
    await expect(detacher.query(`ALTER TABLE ledger DETACH PARTITION ${name} CONCURRENTLY`)).rejects.toThrow(
      'lock timeout',
    )
  } finally {
    await reader.query('ROLLBACK')
    reader.release()
    detacher.release(true)
  }
}

test('accepting goes on while a partition is detached that a long report reads', async () => {
  const pool = await freshDatabase()
  await oldDay(pool)
  const report = await pool.connect()
  const dropper = await pool.connect()
  try {
    await report.query('BEGIN')
    await report.query('SELECT count(*) FROM messages')
    await dropper.query("SET lock_timeout = '5s'")
    const [partition] = await listPartitions(pool, ['messages'])
    const dropping = dropPartition(dropper, partition!)
    await fillDay(pool, startOfDay(Date.now()), 5, () => false)
    await report.query('COMMIT')
    await dropping
    const { rows } = await pool.query<{ count: number }>('SELECT count(*) AS count FROM messages')
    expect(rows[0]!.count).toBe(25)
  } finally {
    report.release()
    dropper.release(true)
  }
})
