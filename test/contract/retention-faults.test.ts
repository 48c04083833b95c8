import { expect, test } from 'vitest'
import { cancelMessage } from '../../src/accept/cancel/cancel-message.ts'
import { redriveDeadLetters } from '../../src/dead-letters/redrive-dead-letters.ts'
import { eventId } from '../../src/domain/event-id.ts'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { applyEvents } from '../../src/status/apply-events.ts'
import { dropPartition, listPartitions } from '../../src/tables/drop-partition.ts'
import { ensurePartitions } from '../../src/tables/ensure-partitions.ts'
import { DAY_MS, PARTITIONED_TABLES, partitionBoundary, startOfDay } from '../../src/tables/partitioned-tables.ts'
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
  let isUnavailable = true
  const readUpTo = (nowMs: number): number => {
    if (isUnavailable) throw new Error('no Kafka broker answers')
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
  isUnavailable = false
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
      await redriveDeadLetters(
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
