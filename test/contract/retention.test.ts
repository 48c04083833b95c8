import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { fillFailedMessages } from '../../bench/fill/fill-dead-letters.ts'
import { cancelMessage } from '../../src/api/cancel/cancel-message.ts'
import { eventId } from '../../src/domain/event-id.ts'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import { allSettings } from '../../src/ops/cli/config-command.ts'
import { redriveLetters } from '../../src/ops/dlq/redrive-letters.ts'
import { retentionSettings } from '../../src/ops/retention/config.ts'
import { RetentionKeeper } from '../../src/ops/retention/retention-keeper.ts'
import { type RetentionSettings, TABLE_RULES } from '../../src/ops/retention/table-rules.ts'
import { dropPartition, listPartitions, type Partition } from '../../src/postgres/drop-partition.ts'
import { ensurePartitions } from '../../src/postgres/ensure-partitions.ts'
import { DAY_MS, PARTITIONED_TABLES, partitionBoundary, startOfDay } from '../../src/postgres/partitioned-tables.ts'
import type { Connection, Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { applyEvents } from '../../src/status/apply-events.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const NO_LOG = { info() {}, warn() {}, error() {} }
const DAYS = 365
const A_DAY = 40
const MESSAGES_DAYS = 6
const LEDGER_DAYS = 9
const STEADY_DAY = 60
/** As autovacuum does for tables whose rows are deleted, when there is time. */
const VACUUM = 'VACUUM idempotency_scheduled, republications, dead_letter_actions, retention_days'

interface Keeper {
  readonly metrics: Metrics
  readonly connection: Connection
  /** One round, at that time. */
  round(nowMs: number): Promise<void>
}

interface KeeperClocks {
  /** Up to when everyone has read, at that time. Throws for Kafka that is unavailable. */
  readonly readUpTo?: (nowMs: number) => number
  /** The keeper's own clock; as PostgreSQL's unless given. */
  readonly ownMs?: () => number
}

async function keeperOf(
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

const TABLES_STORED = "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"

async function bytesOf(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: string }>(
    `SELECT sum(pg_total_relation_size(oid))::text AS bytes ${TABLES_STORED}`,
  )
  return Number(rows[0]!.bytes)
}

async function countPartitions(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(`SELECT count(*) AS count ${TABLES_STORED} AND relispartition`)
  return rows[0]!.count
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
  // Short ones, so that a day costs little and most of the year is spent in the steady state; the least is the settings' affair.
  const keeper = await keeperOf(pool, {
    RETENTION_MESSAGES_DAYS: MESSAGES_DAYS,
    RETENTION_ATTEMPTS_DAYS: MESSAGES_DAYS,
    RETENTION_LEDGER_DAYS: LEDGER_DAYS,
    RETENTION_IDEMPOTENCY_HOURS: 24,
    RETENTION_SCHEDULED_KEYS_DAYS: MESSAGES_DAYS,
    RETENTION_DEAD_LETTER_ACTIONS_DAYS: LEDGER_DAYS,
  })
  const firstDayMs = startOfDay(Date.now()) + 30 * DAY_MS
  const stuckDays = new Set([3, 90, 91, 200])
  const partitions: number[] = []
  let steadyBytes = 0
  for (let day = 0; day < DAYS; day++) {
    const nowMs = firstDayMs + day * DAY_MS
    await ensurePartitions(pool, nowMs)
    await fillDay(pool, nowMs, A_DAY, (n) => stuckDays.has(day) && n < 3)
    await keeper.round(nowMs + DAY_MS / 2)
    if (day % 10 === 0) await pool.query(VACUUM)
    partitions.push(await countPartitions(pool))
    if (day === STEADY_DAY) steadyBytes = await bytesOf(pool)
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
  // States go a round after their messages. A day that is held keeps all its partitions, each beyond its own retention.
  const held = (day: number): number =>
    [...stuckDays].reduce((sum, stuck) => {
      const ages = [MESSAGES_DAYS, MESSAGES_DAYS, MESSAGES_DAYS, MESSAGES_DAYS + 1, LEDGER_DAYS]
      return sum + ages.filter((days) => day - stuck > days).length
    }, 0)
  const partitionsAt = (day: number): number => partitions[day]! - held(day)
  for (let day = STEADY_DAY; day < DAYS; day++) expect(partitionsAt(day)).toBe(partitionsAt(STEADY_DAY))
  const perPartition = steadyBytes / partitions[STEADY_DAY]!
  expect(await bytesOf(pool)).toBeLessThan(steadyBytes * 1.1 + held(DAYS - 1) * perPartition)
  // The messages get on at last, and their days go.
  await pool.query("UPDATE message_states SET status = 'unknown' WHERE status = 'sending'")
  const endMs = firstDayMs + DAYS * DAY_MS
  for (let round = 0; round < 4; round++) await keeper.round(endMs + round)
  expect(await countPartitions(pool)).toBeLessThanOrEqual(partitionsAt(DAYS - 1))
  expect(await metric(keeper.metrics, 'smsgw_retention_open_messages')).toBe(0)
  // Days of which the ledger alone is kept are known as closed, and all others are forgotten.
  const { rows: days } = await pool.query('SELECT day FROM retention_days')
  expect(days).toHaveLength(LEDGER_DAYS - MESSAGES_DAYS)
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
  return (await partitionOf(pool, table)) !== undefined
}

/** Of the old day. */
async function partitionOf(pool: Pool, table: string): Promise<Partition> {
  return (await listPartitions(pool, [table])).find(({ dayStartMs }) => dayStartMs === OLD_MS)!
}

test('a day waits for the readers of the topics, for the outbox, and for its last message', async () => {
  const pool = await freshDatabase()
  await oldDay(pool, (n) => n === 7)
  let readUpToMs = 0
  const keeper = await keeperOf(pool, {}, { readUpTo: () => readUpToMs })
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
  // A look of that very round was before its reading through.
  readUpToMs = nowMs + 1
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
  const keeper = await keeperOf(pool, {}, { readUpTo: () => 0 })
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
      // All but the ledger goes, which is kept for longer.
      for (let round = 0; round < 2; round++) await keeper.round(Date.now())
      const { name } = await partitionOf(pool, 'ledger')
      if (state === 'detached')
        await keeper.connection.query(`ALTER TABLE ledger DETACH PARTITION ${name} CONCURRENTLY`)
      if (state === 'detaching') await interruptDetach(pool, name)
      expect((await partitionOf(pool, 'ledger')).state).toBe(state)
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

test('partitions are made, with their indexes and settings, while a long report reads the tables', async () => {
  const pool = await freshDatabase()
  await withCustomer(pool)
  const report = await pool.connect()
  try {
    await report.query('BEGIN')
    for (const { name } of PARTITIONED_TABLES) await report.query(`SELECT count(*) FROM ${name}`)
    await ensurePartitions(pool, OLD_MS)
    await fillDay(pool, OLD_MS, 5, () => false)
  } finally {
    await report.query('ROLLBACK')
    report.release()
  }
  // As PostgreSQL itself makes a partition.
  for (const table of PARTITIONED_TABLES) {
    const { name } = await partitionOf(pool, table.name)
    const [from, to] = [OLD_MS, OLD_MS + DAY_MS].map((ms) => partitionBoundary(table, ms))
    const made = await shapeOf(pool, name)
    expect(JSON.stringify(made)).toContain(' of ')
    await pool.query(`DROP TABLE ${name}`)
    await pool.query(
      `CREATE TABLE ${name} PARTITION OF ${table.name} FOR VALUES FROM (${from}) TO (${to}) ${table.storage}`,
    )
    expect(made).toEqual(await shapeOf(pool, name))
  }
})

/** What PostgreSQL says of a table: its columns, settings, constraints and indexes, which belong to those of the parent. */
async function shapeOf(pool: Pool, table: string): Promise<unknown> {
  const { rows } = await pool.query(
    `SELECT reloptions,
       (SELECT json_agg((attname, format_type(atttypid, atttypmod), attnotnull, attstorage, pg_get_expr(adbin, adrelid))
          ORDER BY attnum) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped) AS columns,
       (SELECT json_agg(pg_get_constraintdef(oid) ORDER BY contype, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid = t.oid) AS constraints,
       (SELECT json_agg(pg_get_indexdef(indexrelid) || ' of ' || coalesce(inhparent::regclass::text, 'none') ORDER BY indexrelid::regclass::text)
        FROM pg_index LEFT JOIN pg_inherits ON inhrelid = indexrelid WHERE indrelid = t.oid) AS indexes
     FROM pg_class AS t WHERE relname = $1`,
    [table],
  )
  return rows
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

test('while Kafka is unavailable no day is closed or dropped, and what does not depend on it goes on', async () => {
  const pool = await freshDatabase()
  await oldDay(pool)
  let isAway = true
  const readUpTo = (nowMs: number): number => {
    if (isAway) throw new Error('no Kafka broker answers')
    return nowMs + 1
  }
  const keeper = await keeperOf(pool, {}, { readUpTo })
  for (let round = 0; round < 3; round++) {
    await expect(keeper.round(Date.now() + 60 * DAY_MS)).rejects.toThrow('no Kafka broker answers')
  }
  for (const table of ['messages', 'message_states', 'attempts', 'attempt_parts', 'ledger']) {
    expect(await hasDay(pool, table)).toBe(true)
  }
  expect(await hasDay(pool, 'idempotency')).toBe(false)
  isAway = false
  await keeper.round(Date.now() + 60 * DAY_MS)
  expect(await hasDay(pool)).toBe(false)
})

test('a clock of PostgreSQL, or of the keeper, that is ahead alone ends the retention of nothing', async () => {
  const pool = await freshDatabase()
  await withCustomer(pool)
  await fillDay(pool, startOfDay(Date.now()), 20, () => false)
  const before = await listPartitions(pool, ['messages', 'idempotency'])
  const rows = async () => (await pool.query('SELECT count(*) AS n FROM idempotency_scheduled')).rows
  const kept = await rows()
  const database = await keeperOf(pool, {}, { ownMs: () => Date.now() })
  await database.round(Date.now() + 400 * DAY_MS)
  const own = await keeperOf(pool, {}, { ownMs: () => Date.now() + 400 * DAY_MS })
  await own.round(Date.now())
  expect(await listPartitions(pool, ['messages', 'idempotency'])).toEqual(before)
  expect(await rows()).toEqual(kept)
})

test('messages that cannot be detached keep their states, and no other table waits for them', async () => {
  const pool = await freshDatabase()
  await oldDay(pool)
  const before = await books(pool)
  const keeper = await keeperOf(pool)
  const report = await pool.connect()
  const nowMs = Date.now() + 60 * DAY_MS
  try {
    await report.query('BEGIN')
    await report.query('SELECT count(*) FROM messages')
    // The first round leaves a detaching that is pending, which the second cannot finish.
    for (let round = 0; round < 2; round++) await expect(keeper.round(nowMs + round)).rejects.toThrow('lock timeout')
    expect(await hasDay(pool, 'message_states')).toBe(true)
    expect(await hasDay(pool, 'ledger')).toBe(true)
    expect(await hasDay(pool, 'attempts')).toBe(false)
    expect(await hasDay(pool, 'idempotency')).toBe(false)
  } finally {
    await report.query('ROLLBACK')
    report.release()
  }
  for (let round = 2; round < 6; round++) await keeper.round(nowMs + round)
  for (const { name } of PARTITIONED_TABLES) expect(await hasDay(pool, name)).toBe(false)
  expect(await books(pool)).toEqual(before)
})

test('two keepers at once drop a day once, and carry its ledger once', async () => {
  const pool = await freshDatabase()
  await oldDay(pool)
  const before = await books(pool)
  const keepers = [await keeperOf(pool), await keeperOf(pool)]
  for (let round = 0; round < 5; round++) {
    await Promise.allSettled(keepers.map((keeper) => keeper.round(Date.now() + 60 * DAY_MS + round)))
  }
  for (const { name } of PARTITIONED_TABLES) expect(await hasDay(pool, name)).toBe(false)
  expect(await books(pool)).toEqual(before)
})

test('a table that a person took out of a day that is not closed stays, with its day; so does one that was put back', async () => {
  const pool = await freshDatabase()
  await oldDay(pool, (n) => n === 7)
  const keeper = await keeperOf(pool)
  const messages = await partitionOf(pool, 'messages')
  await pool.query(`ALTER TABLE messages DETACH PARTITION ${messages.name}`)
  const nowMs = Date.now() + 60 * DAY_MS
  for (let round = 0; round < 4; round++) await keeper.round(nowMs + round)
  expect((await pool.query(`SELECT count(*) AS n FROM ${messages.name}`)).rows).toEqual([{ n: 20 }])
  expect(await hasDay(pool, 'message_states')).toBe(true)

  const restored = await freshDatabase()
  await oldDay(restored)
  const again = await keeperOf(restored)
  const ledger = await partitionOf(restored, 'ledger')
  await restored.query(`CREATE TABLE copied AS SELECT * FROM ${ledger.name}`)
  for (let round = 0; round < 4; round++) await again.round(nowMs + round)
  expect(await hasDay(restored, 'ledger')).toBe(false)
  const sums = await books(restored)
  await restored.query(`ALTER TABLE copied RENAME TO ${ledger.name}`)
  for (let round = 4; round < 8; round++) await again.round(nowMs + round)
  expect((await restored.query(`SELECT count(*) AS n FROM ${ledger.name}`)).rows).toEqual([{ n: 40 }])
  expect(await books(restored)).toEqual(sums)
})

test('of a day that is gone a message is unknown to cancelling, to late statuses and to redriving', async () => {
  const pool = await freshDatabase()
  await ensurePartitions(pool, OLD_MS)
  await withCustomer(pool)
  await fillFailedMessages(pool, { customerId: 'c', count: 2, cost: 10, acceptedAtMs: OLD_MS })
  const keeper = await keeperOf(pool)
  const { rows: balances } = await pool.query('SELECT * FROM balances')
  const smsId = firstSmsIdAt(OLD_MS)
  const late: StatusEvent = {
    event_id: eventId(smsId, 'delivered', 4),
    sms_id: smsId,
    customer_id: 'c',
    status: 'delivered',
    operator_message_id: null,
    error_code: null,
    error_message: null,
    delivered_at: new Date().toISOString(),
    latency_ms: 0,
    occurred_at: new Date().toISOString(),
    operator: 'simulator',
    attempt: 4,
    segments: 1,
    possible_duplicate: false,
  }
  const redrive = async () =>
    JSON.stringify(
      await redriveLetters(
        pool,
        { kind: 'places', places: [{ partition: 0, offset: 0 }] },
        { by: 'me', redrivesMax: 3 },
      ),
    )
  // Messages go first, the ledger much later, and with it what is known of the day.
  for (const [days, refusal] of [
    [0, 'about to be dropped'],
    [60, 'which there is not'],
  ] as const) {
    for (let round = 0; round < 4; round++) await keeper.round(Date.now() + days * DAY_MS + round)
    expect(await cancelMessage(pool, 'c', smsId)).toEqual({ kind: 'unknown' })
    expect(await applyEvents(pool, [late])).toEqual(new Set([smsId]))
    expect(await redrive()).toContain(refusal)
  }
  expect((await pool.query('SELECT * FROM retention_days WHERE day < now()::date - 10')).rows).toEqual([])
  expect((await pool.query('SELECT * FROM balances')).rows).toEqual(balances)
})
