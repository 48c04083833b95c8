import { expect, onTestFinished, test } from 'vitest'
import { acceptBatch } from '../../src/accept/accept-batch.ts'
import { cancelMessage } from '../../src/accept/cancel/cancel-message.ts'
import { createCustomer, topUp } from '../../src/accounts/accounts.ts'
import { outboxShard } from '../../src/domain/outbox-shard.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import { deliveryPartition } from '../../src/events/delivery-partition.ts'
import { TOPICS } from '../../src/events/topics.ts'
import type { RecordPosition } from '../../src/kafka/producer/producer.ts'
import type { ProducerRecord } from '../../src/kafka/wire/record-batch-encode.ts'
import { outboxSettings } from '../../src/outbox/config.ts'
import { ReconcilerMetrics } from '../../src/outbox/reconcile/reconciler-metrics.ts'
import { SearchRange } from '../../src/outbox/reconcile/search-range.ts'
import type { SettledWatermark, SilentMessage } from '../../src/outbox/reconcile/settled-watermark.ts'
import { Relay } from '../../src/outbox/relay.ts'
import { releaseDue } from '../../src/outbox/schedule/schedule-statements.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshDatabase } from '../servers/fixtures.ts'
import { acceptedIds, acceptRequest, DRAFT } from '../servers/sample-message.ts'

const CUSTOMER = 'c'
const SHARD = outboxShard(CUSTOMER)
const DAY_MS = 86_400_000
/** Partitions reach back to yesterday. */
const AGO_MS = 3_600_000
const ids = new SmsIds(7)

async function database(): Promise<Pool> {
  const pool = await freshDatabase()
  await createCustomer(pool, { customerId: CUSTOMER, name: CUSTOMER, currency: 'IRR' })
  await topUp(pool, CUSTOMER, 1_000_000)
  return pool
}

/** Accepts messages to be sent at these times, null for at once; `agoMs` ago. Returns their ids. */
async function accept(pool: Pool, sendAtMs: readonly (number | null)[], agoMs = 0): Promise<number[]> {
  const request = acceptRequest(
    CUSTOMER,
    sendAtMs.map((ms) => ({ ...DRAFT, sendAtMs: ms })),
  )
  const [result] = await acceptBatch(pool, { ids, nowMs: () => Date.now() - agoMs, maxRetries: 3 }, [request])
  return acceptedIds(result)
}

/** Takes everything at once, and remembers what came on which topic, in order. */
class Topics {
  readonly logs = new Map<string, number[]>()

  async send(record: ProducerRecord): Promise<RecordPosition> {
    const log = this.logs.get(record.topic) ?? []
    this.logs.set(record.topic, log)
    log.push((JSON.parse(String(record.value)) as { sms_id: number }).sms_id)
    return { partition: 0, offset: log.length }
  }

  partitionsOf(): number {
    return 1
  }

  of(topic: string): number[] {
    return this.logs.get(topic) ?? []
  }
}

async function startRelay(pool: Pool, topics: Topics, changes: NodeJS.ProcessEnv = {}): Promise<Relay> {
  const settings = readSettings(outboxSettings, { OUTBOX_POLL_MS: '10', OUTBOX_GATHER_MS: '0', ...changes })
  const log = createLog('test', 'error')
  const relay = new Relay({ settings, pool, producer: topics, health: new Health(), metrics: new Metrics(), log })
  onTestFinished(() => relay.stop())
  await relay.start()
  return relay
}

async function countWaiting(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM scheduled WHERE released_at IS NULL')
  return rows[0]!.n
}

test('a scheduled message is published as accepted at once, and its task comes when it is due, in the order of the times', async () => {
  const pool = await database()
  const topics = new Topics()
  const nowMs = Date.now()
  const [later, sooner, fresh, far] = await accept(pool, [nowMs + 1_200, nowMs + 600, null, nowMs + 30 * DAY_MS])
  await startRelay(pool, topics)
  await eventually(
    '3 tasks are published',
    () => topics.of(TOPICS.delivery).length,
    (tasks) => tasks === 3,
  )
  expect(Date.now()).toBeGreaterThanOrEqual(nowMs + 1_200)
  expect(topics.of(TOPICS.accepted)).toEqual([later, sooner, fresh, far])
  expect(topics.of(TOPICS.delivery)).toEqual([fresh, sooner, later])
  expect(await countWaiting(pool)).toBe(1)
})

test('a relay that dies anywhere leaves a message in the table or in the outbox; two relays release it once', async () => {
  const pool = await database()
  const messages = await accept(
    pool,
    Array.from({ length: 400 }, (_, n) => Date.now() - 1_000 + n),
  )
  const connection = await pool.connect()
  await connection.query('BEGIN')
  const { rows } = await connection.query<{ rows: number }>(releaseDue([SHARD], 250, 1_000))
  expect(rows[0]!.rows).toBe(250)
  // Others pass by what is in another's hands.
  const other = await pool.query<{ rows: number }>(releaseDue([SHARD], 100, 1_000))
  expect(other.rows[0]!.rows).toBe(100)
  await connection.query('ROLLBACK')
  connection.release()
  expect(await countWaiting(pool)).toBe(300)
  await Promise.all([1, 2, 3, 4].map(() => pool.query(releaseDue([SHARD], 250, 1_000))))
  await pool.query(releaseDue([SHARD], 250, 1_000))
  expect(await countWaiting(pool)).toBe(0)
  const tasks = await pool.query<{ sms_id: number }>("SELECT sms_id FROM outbox WHERE carries = 'task' ORDER BY sms_id")
  expect(tasks.rows.map(({ sms_id }) => sms_id)).toEqual(messages)
})

test('thousands due in one minute are released in steps, and let what is fresh pass', async () => {
  const pool = await database()
  const topics = new Topics()
  const dueMs = Date.now() - 1
  const scheduled: number[] = []
  for (let batch = 0; batch < 4; batch++) {
    scheduled.push(
      ...(await accept(
        pool,
        Array.from({ length: 1_000 }, () => dueMs),
      )),
    )
  }
  // Their acceptance was published long ago.
  await pool.query('DELETE FROM outbox')
  await startRelay(pool, topics, { SCHEDULE_ROWS_PER_SHARD_MAX: '50' })
  await eventually(
    '100 tasks are published',
    () => topics.of(TOPICS.delivery).length,
    (tasks) => tasks >= 100,
  )
  const [fresh] = await accept(pool, [null])
  await eventually(
    'all tasks are published',
    () => topics.of(TOPICS.delivery).length,
    (tasks) => tasks === scheduled.length + 1,
  )
  const tasks = topics.of(TOPICS.delivery)
  expect(tasks.filter((smsId) => smsId !== fresh)).toEqual(scheduled)
  expect(tasks.indexOf(fresh!)).toBeLessThan(scheduled.length - 1_000)
})

test('the reconciler leaves scheduled messages alone, and has those lost after their release published again', async () => {
  const pool = await database()
  const [waits, lost, heard, queued] = await accept(pool, Array(4).fill(Date.now() + 60_000), AGO_MS)
  const due = [lost, heard, queued]
  await pool.query('DELETE FROM outbox')
  await pool.query("UPDATE scheduled SET due_at = now() - interval '1 second' WHERE sms_id = ANY($1)", [due])
  await pool.query(releaseDue([SHARD], 250, 0))
  const state = `INSERT INTO message_states (sms_id, customer_id, status, attempt, settlement, possible_duplicate, timeline,
    revision, updated_at) VALUES ($1, '${CUSTOMER}', $2, 0, 'reserved', false, '[]', 1, now())`
  await pool.query(state, [heard, 'sent'])
  await pool.query(state, [queued, 'queued'])
  const connection = await pool.connect()
  onTestFinished(() => connection.release())
  const passed: number[] = []
  const partitions = new Set<number>()
  const watermark = {
    isPassed: ({ smsId, partition, republished }: SilentMessage) => {
      passed.push(smsId)
      partitions.add(partition)
      return republished !== null && republished.outboxSeq > 0
    },
  } as unknown as SettledWatermark
  const search = (atMs: number) =>
    new SearchRange(
      {
        settings: readSettings(outboxSettings, { DELIVERY_EXPRESS_PARTITIONS: '1' }),
        connection,
        watermark,
        counts: new ReconcilerMetrics(new Metrics()),
        log: createLog('test', 'fatal'),
      },
      { atMs, heads: [], delivery: Array(4).fill(null), status: [] },
    )
  await pool.query('DELETE FROM outbox')
  const nowMs = Date.now()
  // Released a moment ago, it is only late.
  expect(await search(nowMs).released()).toBe(false)
  await pool.query('UPDATE scheduled SET due_at = now() WHERE released_at IS NOT NULL')
  const later = search(nowMs + 120_000)
  await later.released()
  const again = await pool.query<{ sms_id: number; carries: string | null }>('SELECT sms_id, carries FROM outbox')
  expect(again.rows).toEqual([{ sms_id: lost, carries: null }])
  expect(later.republished).toBe(1)
  expect(passed).not.toContain(heard)
  // Where its task is, among the ordinary ones.
  expect(partitions).toEqual(new Set([deliveryPartition(CUSTOMER, 1, { partitions: 4, expressPartitions: 1 })]))
  const rows = await pool.query<{ sms_id: number }>('SELECT sms_id FROM scheduled ORDER BY sms_id')
  expect(rows.rows.map(({ sms_id }) => sms_id)).toEqual([waits, lost, queued])
  // Where messages are looked through by their acceptance, none of these is silent.
  const range = Math.floor((nowMs - AGO_MS) / 10_000) * 10_000
  expect(await later.range(range)).toBe(null)
})

test('a message that waits for its time is cancelled, and the relay leaves it', async () => {
  const pool = await database()
  const topics = new Topics()
  const [smsId] = await accept(pool, [Date.now() + 300])
  expect(await cancelMessage(pool, CUSTOMER, smsId!)).toEqual({ kind: 'cancelled' })
  expect(await cancelMessage(pool, CUSTOMER, smsId!)).toEqual({ kind: 'cancelled' })
  expect(await cancelMessage(pool, 'another', smsId!)).toEqual({ kind: 'unknown' })
  expect(await countWaiting(pool)).toBe(0)
  await startRelay(pool, topics)
  const [next] = await accept(pool, [Date.now() + 600])
  await eventually(
    'the next task is published',
    () => topics.of(TOPICS.delivery),
    (tasks) => tasks.includes(next!),
  )
  expect(topics.of(TOPICS.delivery)).toEqual([next])
  expect(topics.of(TOPICS.status)).toEqual([smsId])
})
