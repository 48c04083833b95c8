import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allSettings } from '../../src/cli/config-command.ts'
import { redriveDeadLetters } from '../../src/dead-letters/redrive-dead-letters.ts'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import { TABLE_RULES } from '../../src/monitor/retention/table-rules.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import type { Metrics } from '../../src/runtime/metrics.ts'
import { ensurePartitions } from '../../src/tables/ensure-partitions.ts'
import { DAY_MS, PARTITIONED_TABLES, startOfDay } from '../../src/tables/partitioned-tables.ts'
import { fillFailedMessages } from '../gateway/fill/fill-dead-letters.ts'
import { freshDatabase } from '../servers/fixtures.ts'
import {
  books,
  fillDay,
  hasDay,
  keeperOf,
  OLD_MS,
  oldDay,
  partitionOf,
  withCustomer,
} from '../servers/retention-keeper.ts'

const DAYS = 365
const A_DAY = 40
const MESSAGES_DAYS = 6
const LEDGER_DAYS = 9
const STEADY_DAY = 60
/** As autovacuum does for tables whose rows are deleted, when there is time. */
const VACUUM = 'VACUUM idempotency_scheduled, republications, dead_letter_actions, retention_days'

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

test('no redrive opens a message of a day that is being closed', async () => {
  const pool = await freshDatabase()
  await ensurePartitions(pool, OLD_MS)
  const keeper = await keeperOf(pool, {}, { readUpTo: () => 0 })
  await withCustomer(pool)
  await fillFailedMessages(pool, { customerId: 'c', count: 2, cost: 10, acceptedAtMs: OLD_MS })
  await keeper.round(Date.now())
  const result = await redriveDeadLetters(
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
