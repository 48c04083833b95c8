import { afterEach, expect, test, vi } from 'vitest'
import { readAwaited, resumeDeferred } from '../../src/delivery/deferred/deferred-statements.ts'
import { DeferredTasks } from '../../src/delivery/deferred/deferred-tasks.ts'
import { type DeliveryOrder, TaskReader } from '../../src/delivery/read-tasks.ts'
import type { TaskOutcome } from '../../src/delivery/task-outcome.ts'
import { outboxShard } from '../../src/domain/outbox-shard.ts'
import { decodePayload } from '../../src/events/outbox-payload.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { DONE, deadLetter, type Outcome, retryAt } from '../../src/kafka/consumer/outcome.ts'
import { releaseDue } from '../../src/outbox/schedule/schedule-statements.ts'
import { ClockSkew, type DatabaseClock } from '../../src/postgres/clock-skew.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { consumedRecord, recordState } from '../servers/consumed-record.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const CUSTOMER = 'c'
const FIRST_ID = 10_000_000_000_000
const LONG_MS = 3_600_000
const CLOCK: DatabaseClock = { nowMs: () => Date.now() }
/** Of operators and routes. */
const REVISION = 3

interface LogRecord {
  readonly partition?: number
  readonly key: string
  readonly value: string
  readonly headers: [string, string][]
}

function taskOf(smsId: number, phone: string, validUntil: string | null = null): LogRecord {
  const at = new Date().toISOString()
  const task = {
    task_id: '01KAAAAAAAAAAAAAAAAAAAAAAA',
    sms_id: smsId,
    customer_id: CUSTOMER,
    phone,
    message: 'x',
    operator: 'o',
    priority: 1,
    retry_count: 2,
    max_retries: 3,
    created_at: at,
    sender: null,
    encoding: 'gsm7',
    segments: 1,
    valid_until: validUntil,
    accepted_at: at,
  }
  return { key: CUSTOMER, value: JSON.stringify(task), headers: [['ce_id', String(smsId)]] }
}

type Handler = (smsId: number) => Promise<TaskOutcome>

/** A worker of its own: what one knew the next one must find. */
function worker(pool: Pool, handle: Handler, order: DeliveryOrder = 'recipient', clock = CLOCK) {
  const tasks = new TaskReader()
  const watched = { revision: () => REVISION, deferred: () => {} }
  const deferred = new DeferredTasks({ pool, clock, tasks, order, validMsDefault: 86_400_000, ...watched })
  deferred.assigned()
  const take = (record: LogRecord): Promise<Outcome> => {
    const consumed = consumedRecord({ topic: TOPICS.delivery, ...record })
    return deferred.handle(consumed, recordState(), (task) => handle(task.sms_id))
  }
  return { deferred, take }
}

afterEach(() => void vi.restoreAllMocks())

/** Has a task deferred for an hour. */
const deferring: Handler = async () => ({ kind: 'defer', untilMs: Date.now() + LONG_MS })

/** Time passes, and the relay releases what is due. Returns the records as they come back, in order. */
async function release(pool: Pool, passMs: number, rowsMax = 1_000): Promise<LogRecord[]> {
  await pool.query(
    `UPDATE scheduled SET due_at = due_at - $1 * interval '1 millisecond',
       released_at = released_at - $1 * interval '1 millisecond'`,
    [passMs],
  )
  await pool.query(releaseDue([outboxShard(CUSTOMER)], rowsMax, 0))
  const { rows } = await pool.query<{ payload: string }>('SELECT payload FROM outbox ORDER BY seq')
  await pool.query('DELETE FROM outbox')
  return rows.map(({ payload }) => {
    const { key, value, headers } = decodePayload(payload)
    return { key: String(key), value: String(value), headers: headers!.map(([name, text]) => [name, String(text)]) }
  })
}

async function rowsLeft(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ sms_id: number }>('SELECT sms_id FROM scheduled ORDER BY seq')
  return rows.map(({ sms_id }) => sms_id)
}

test('a task comes back as it was, and its row stays until it is finished', async () => {
  const pool = await freshDatabase()
  const record = taskOf(FIRST_ID, '+989121234567')
  expect(await worker(pool, deferring).take(record)).toEqual(DONE)
  expect(await release(pool, LONG_MS - 1_000)).toEqual([])
  expect(await release(pool, 2_000)).toEqual([record])
  expect(await rowsLeft(pool)).toEqual([FIRST_ID])
  const again = worker(pool, async () => retryAt(Date.now() + 5))
  await again.take(record)
  expect(await rowsLeft(pool)).toEqual([FIRST_ID])
  await worker(pool, async () => deadLetter('handler', 'x')).take(record)
  expect(await rowsLeft(pool)).toEqual([])
})

test('a later task of the phone waits behind, those of others do not, and one that is too late is not held up', async () => {
  const pool = await freshDatabase()
  const [a, b] = ['+989121234567', '+989121234568']
  const handled: number[] = []
  const first = worker(pool, async (smsId) => {
    if (smsId === FIRST_ID) return deferring(smsId)
    handled.push(smsId)
    return DONE
  })
  await first.take(taskOf(FIRST_ID, a))
  await first.take(taskOf(FIRST_ID + 1, a))
  await first.take(taskOf(FIRST_ID + 2, b))
  await first.take(taskOf(FIRST_ID + 3, a, new Date(Date.now() - 1).toISOString()))
  expect(handled).toEqual([FIRST_ID + 2, FIRST_ID + 3])
  // Another worker takes over, while the first of them is already on its way back.
  expect(await release(pool, LONG_MS, 1)).toHaveLength(1)
  const next = worker(pool, async (smsId) => {
    handled.push(smsId)
    return DONE
  })
  await next.take(taskOf(FIRST_ID + 4, a))
  expect(handled).toHaveLength(2)
  expect(await rowsLeft(pool)).toEqual([FIRST_ID, FIRST_ID + 1, FIRST_ID + 4])
  // Given up for the others, it blocks none any more.
  await next.deferred.forget(consumedRecord({ topic: TOPICS.delivery, ...taskOf(FIRST_ID, a) }))
  for (const record of await release(pool, 60_000)) await next.take(record)
  expect(handled.slice(2)).toEqual([FIRST_ID + 1, FIRST_ID + 4])
  expect(await rowsLeft(pool)).toEqual([])
})

test('what is in another partition, as express messages are, does not wait behind', async () => {
  const pool = await freshDatabase()
  const phone = '+989121234567'
  await worker(pool, deferring).take(taskOf(FIRST_ID, phone))
  const handled: number[] = []
  const express = worker(pool, async (smsId) => {
    handled.push(smsId)
    return DONE
  })
  await express.take({ ...taskOf(FIRST_ID + 1, phone), partition: 4 })
  expect(handled).toEqual([FIRST_ID + 1])
  expect(await rowsLeft(pool)).toEqual([FIRST_ID])
})

test('tasks deferred at random, workers that die, records that come again: no phone is overtaken', async () => {
  const pool = await freshDatabase()
  const seed = Date.now()
  console.log({ seed })
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const phones = ['+989121234501', '+989121234502', '+989121234503']
  const phoneOf = (smsId: number): string => phones[smsId % phones.length]!
  const log = Array.from({ length: 45 }, (_, n) => taskOf(FIRST_ID + n, phoneOf(FIRST_ID + n)))
  const sent: number[] = []
  const handle: Handler = async (smsId) => {
    if (!sent.includes(smsId) && random(3) === 0) return deferring(smsId)
    if (!sent.includes(smsId)) sent.push(smsId)
    return DONE
  }
  let current = worker(pool, handle)
  let crashes = 0
  for (let offset = 0, steps = 0; sent.length < 45 && steps < 2_000; steps++) {
    const record = log[offset]
    if (record) {
      await current.take(record)
      offset++
    }
    if (random(20) === 0) {
      crashes++
      offset = Math.max(0, offset - random(4))
      current = worker(pool, handle)
    }
    if (!record || random(8) === 0) log.push(...(await release(pool, random(2 * LONG_MS), 1 + random(5))))
  }
  expect(sent).toHaveLength(45)
  expect(crashes).toBeGreaterThan(0)
  for (const phone of phones) {
    const mine = sent.filter((smsId) => phoneOf(smsId) === phone)
    expect(mine).toEqual([...mine].sort((a, b) => a - b))
  }
})

/** Has a task deferred until its operator recovers; another may be available before. */
const awaitOperator: Handler = async () => ({ kind: 'await-operator', operator: 'o', isOnly: false })

const idsOf = (records: readonly LogRecord[]): number[] => records.map(({ value }) => JSON.parse(value).sms_id)

async function resumeOf(pool: Pool, operator: string, tasksMax: number, before: number | null = null) {
  return (await pool.query(resumeDeferred(operator, tasksMax, before))).rowCount
}

test.each(['recipient', 'none'] as const)(
  'with order by %s, tasks deferred for an operator are resumed in portions: the next when those before are finished',
  async (order) => {
    const pool = await freshDatabase()
    const phoneOf = (n: number): string => `+98912123450${n % 3}`
    const unavailable = worker(pool, awaitOperator, order)
    for (let n = 0; n < 7; n++) await unavailable.take(taskOf(FIRST_ID + n, phoneOf(n)))
    expect((await pool.query(readAwaited())).rows).toEqual([{ operator: 'o', revision: REVISION }])
    expect(await resumeOf(pool, 'another', 100)).toBe(0)
    expect(await release(pool, 0)).toEqual([])

    const handled: number[] = []
    const back = worker(
      pool,
      async (smsId) => {
        handled.push(smsId)
        return DONE
      },
      order,
    )
    for (const expected of [3, 3, 1]) {
      expect(await resumeOf(pool, 'o', 3)).toBe(expected)
      expect(await resumeOf(pool, 'o', 3)).toBe(0)
      const records = await release(pool, 0)
      expect(records).toHaveLength(expected)
      // They are on their way, and not over.
      expect(await resumeOf(pool, 'o', 3)).toBe(0)
      for (const record of records) await back.take(record)
    }
    // In the order in which they came, so that the phones alternate.
    expect(handled).toEqual(Array.from({ length: 7 }, (_, n) => FIRST_ID + n))
    expect((await pool.query(readAwaited())).rows).toEqual([])
    expect(await rowsLeft(pool)).toEqual([])
  },
)

test('tasks behind one that waits for an operator are resumed with it, in their places also when that was in vain', async () => {
  const pool = await freshDatabase()
  const phone = '+989121234567'
  const unavailable = worker(pool, awaitOperator)
  for (let n = 0; n < 4; n++) await unavailable.take(taskOf(FIRST_ID + n, phone))
  // The operator was there for a moment only.
  expect(await resumeOf(pool, 'o', 2)).toBe(2)
  for (const record of await release(pool, 0)) await unavailable.take(record)
  const handled: number[] = []
  const back = worker(pool, async (smsId) => {
    handled.push(smsId)
    return DONE
  })
  for (let rounds = 0; rounds < 10 && handled.length < 4; rounds++) {
    await resumeOf(pool, 'o', 2)
    for (const record of await release(pool, 0)) await back.take(record)
  }
  expect(handled).toEqual([0, 1, 2, 3].map((n) => FIRST_ID + n))
  expect(await rowsLeft(pool)).toEqual([])
})

test('a task resumed in vain is behind all others, so a worker that does not reach the operator blocks none', async () => {
  const pool = await freshDatabase()
  const unavailable = worker(pool, awaitOperator)
  for (let n = 0; n < 4; n++) await unavailable.take(taskOf(FIRST_ID + n, `+98912123450${n}`))
  expect(await resumeOf(pool, 'o', 2)).toBe(2)
  for (const record of await release(pool, 0)) await unavailable.take(record)
  expect(await resumeOf(pool, 'o', 2)).toBe(2)
  expect(idsOf(await release(pool, 0))).toEqual([FIRST_ID + 2, FIRST_ID + 3])
})

test('under newer operators and routes, only tasks deferred under older ones are resumed', async () => {
  const pool = await freshDatabase()
  const unavailable = worker(pool, awaitOperator)
  for (let n = 0; n < 3; n++) await unavailable.take(taskOf(FIRST_ID + n, `+98912123450${n}`))
  await pool.query('UPDATE scheduled SET awaits_revision = $1 WHERE sms_id = $2', [REVISION - 1, FIRST_ID + 1])
  expect((await pool.query(readAwaited())).rows).toEqual([{ operator: 'o', revision: REVISION - 1 }])
  expect(await resumeOf(pool, 'o', 100, REVISION)).toBe(1)
  expect(idsOf(await release(pool, 0))).toEqual([FIRST_ID + 1])
})

test('an operator that never comes back: its tasks look for another from time to time', async () => {
  const pool = await freshDatabase()
  await worker(pool, awaitOperator).take(taskOf(FIRST_ID, '+989121234567'))
  expect(await release(pool, 60_000)).toEqual([])
  expect(idsOf(await release(pool, 15_000))).toEqual([FIRST_ID])
  // Released by its time it counts as resumed.
  expect(await resumeOf(pool, 'o', 1)).toBe(0)
})

test.each([600_000, -600_000])('a worker whose clock is %d ms off defers for as long as any other', async (offMs) => {
  const pool = await freshDatabase()
  const trueMs = Date.now
  const iso = (inMs: number): string => new Date(trueMs() + inMs).toISOString()
  const phoneOf = (n: number): string => `+98912123450${n}`
  vi.spyOn(Date, 'now').mockImplementation(() => trueMs() + offMs)
  const clock = new ClockSkew({ pool, metrics: new Metrics(), log: createLog('test', 'silent') })
  await clock.sample()
  const off = worker(pool, deferring, 'recipient', clock)
  await off.take(taskOf(FIRST_ID, phoneOf(0)))
  // Behind the first one, and no longer than it is valid.
  await off.take(taskOf(FIRST_ID + 1, phoneOf(0)))
  await off.take(taskOf(FIRST_ID + 2, phoneOf(0), iso(1_800_000)))
  await off.take(taskOf(FIRST_ID + 3, phoneOf(1), iso(1_800_000)))
  await worker(pool, awaitOperator, 'recipient', clock).take(taskOf(FIRST_ID + 4, phoneOf(2)))
  const { rows } = await pool.query<{ wait_ms: number; is_with_first: boolean }>(
    `SELECT (extract(epoch FROM due_at - now()) * 1000)::float8 AS wait_ms, due_at = min(due_at) FILTER (WHERE sms_id = $1)
       OVER () AS is_with_first FROM scheduled ORDER BY sms_id`,
    [FIRST_ID],
  )
  const waited = rows.map(({ wait_ms: waitMs }) => waitMs)
  for (const [n, expectedMs] of [LONG_MS, LONG_MS, 1_800_000, 1_800_000].entries()) {
    expect(Math.abs(waited[n]! - expectedMs)).toBeLessThan(120_000)
  }
  expect(rows[1]!.is_with_first).toBe(true)
  expect(waited[4]).toBeLessThan(120_000)
  expect(waited[4]).toBeGreaterThan(0)
})
