import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SmsIds, smsIdTimeMs } from '../../src/domain/sms-id.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { dropReceived } from '../../src/status/drop-received.ts'
import { SearchUnanswered } from '../../src/status/search-unanswered.ts'
import { readWatchRanges } from '../../src/status/watch-ranges.ts'
import { readIncomingMessages, readReviews } from '../../src/tools/operators/read-received.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const DAY_MS = 86_400_000
const ids = new SmsIds(2)
let pool: Pool

beforeEach(async () => {
  pool = await freshDatabase()
})

afterEach(() => void vi.restoreAllMocks())

/** A message in that state, accepted just now. */
async function message(status: string | null): Promise<number> {
  const smsId = ids.next(Date.now())
  await pool.query(
    `INSERT INTO messages (sms_id, customer_id, phone, text, encoding, segments, operator, cost, priority, max_retries,
       accepted_at) VALUES ($1, 'c', '+98935', 'x', 'gsm7', 1, 'a', 1, 1, 3, now())`,
    [smsId],
  )
  if (status) {
    await pool.query(
      `INSERT INTO message_states (sms_id, customer_id, status, attempt, settlement, possible_duplicate, timeline, revision,
         updated_at) VALUES ($1, 'c', $2, 1, 'captured', false, '[]', 1, now())`,
      [smsId, status],
    )
  }
  return smsId
}

/** What an operator took of it that many days ago; a part of several if one is named. */
async function taken(smsId: number, daysAgo: number, part: number | null = null, receipt: string | null = null) {
  const partCount = part === null ? 1 : 2
  const columns = [`${smsId}-${part ?? 1}`, `${daysAgo} days`, receipt, smsId]
  await pool.query(
    `INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until, outcome,
       ended_at, part_count) VALUES ($1, 1, 'a', 'w', false, now() - $3::interval, now(), 'sent', now(), $2)
       ON CONFLICT DO NOTHING`,
    [smsId, partCount, `${daysAgo} days`],
  )
  if (part !== null) {
    await pool.query(
      `INSERT INTO attempt_parts (sms_id, attempt, part, operator, outcome, ended_at) VALUES ($1, 1, $2, 'a', 'sent', now())`,
      [smsId, part],
    )
  }
  await pool.query(
    `UPDATE ${part === null ? 'attempts' : 'attempt_parts'} SET operator_message_id = $1, ended_at = now() - $2::interval,
       receipt_status = $3, receipt_at = CASE WHEN $3::text IS NOT NULL THEN now() - interval '1 hour' END,
       receipt_received_at = CASE WHEN $3::text IS NOT NULL THEN now() - interval '1 hour' END
     WHERE sms_id = $4 ${part === null ? '' : `AND part = ${part}`}`,
    columns,
  )
}

/** Searches all accepted messages; returns what was published, by message, and what is left. */
async function search(changes: { nowMs?: number } = {}) {
  const connection = await pool.connect()
  const published = new Map<number, StatusEvent>()
  const nowMs = changes.nowMs ?? Date.now()
  try {
    const producer = {
      send: async ({ value }: { value: unknown }) => {
        const event = JSON.parse(String(value)) as StatusEvent
        published.set(event.sms_id, event)
        return { partition: 0, offset: 0 }
      },
    }
    const rules = { receiptTimeoutMs: () => 3 * DAY_MS, appliedMs: nowMs - 60_000, nowMs }
    const searching = new SearchUnanswered({ connection, producer: producer as never, rules, published: () => {} })
    return { published, rest: await searching.range(Date.now() - 600_000, Date.now() + 1_000) }
  } finally {
    connection.release()
  }
}

test('what was sent long ago becomes unknown, what was sent lately is waited for, what is final is forgotten', async () => {
  const old = await message('sent')
  await taken(old, 3)
  const young = await message('sent')
  await taken(young, 1)
  const delivered = await message('delivered')
  await taken(delivered, 3)
  const { published, rest } = await search()
  expect([...published.keys()]).toEqual([old])
  expect(published.get(old)).toMatchObject({
    status: 'unknown',
    error_code: 'no-receipt',
    operator_message_id: `${old}-1`,
  })
  expect(rest.oldestMs).toBe(smsIdTimeMs(old))
  expect(rest.dueMs - Date.now()).toBeGreaterThan(2 * DAY_MS - 60_000)
  expect(rest.dueMs - Date.now()).toBeLessThan(2 * DAY_MS + 60_000)
  // A further search publishes the same, under the same id.
  expect((await search()).published.get(old)!.event_id).toBe(published.get(old)!.event_id)
})

test('of what was scheduled the latency counts from when it was to be sent', async () => {
  const smsId = await message('sent')
  await taken(smsId, 3)
  await pool.query("UPDATE messages SET send_at = now() + interval '1 day' WHERE sms_id = $1", [smsId])
  const nowMs = Date.now() + DAY_MS
  const { latency_ms: latencyMs } = (await search({ nowMs })).published.get(smsId)!
  expect(latencyMs).toBeLessThan(DAY_MS / 2)
})

test('what is sent only after its minute was looked through is looked at when its receipt is due, and not when it is twice as old', async () => {
  await message('queued')
  const nowMs = Date.now()
  expect((await search({ nowMs })).rest.dueMs).toBe(nowMs + 3 * DAY_MS)
  const scheduled = await message(null)
  await pool.query(
    "UPDATE messages SET send_at = date_trunc('milliseconds', now()) + interval '1 hour' WHERE sms_id = $1",
    [scheduled],
  )
  await pool.query('DELETE FROM messages WHERE sms_id < $1', [scheduled])
  const { rows } = await pool.query<{ send_at: Date }>('SELECT send_at FROM messages')
  expect((await search({ nowMs })).rest.dueMs).toBe(rows[0]!.send_at.getTime() + 3 * DAY_MS)
})

test('a range in which nothing may get on any more is done with', async () => {
  await taken(await message('delivered'), 3)
  await taken(await message('unknown'), 3)
  expect(await search()).toEqual({ published: new Map(), rest: { oldestMs: null, dueMs: Number.POSITIVE_INFINITY } })
  const underWay = await message(null)
  expect((await search()).rest.oldestMs).toBe(smsIdTimeMs(underWay))
})

test('a stored receipt whose status was lost is published again, late ones as such', async () => {
  const sent = await message('sent')
  await taken(sent, 1, null, 'delivered')
  const unknown = await message('unknown')
  await taken(unknown, 4, null, 'failed')
  const { published } = await search()
  expect(published.get(sent)).toMatchObject({ status: 'delivered', operator: 'a', attempt: 1 })
  expect(published.get(sent)!.late).toBeUndefined()
  expect(published.get(unknown)).toMatchObject({ status: 'failed', late: true })
})

test('an unmatched receipt is found by the operator and its id', async () => {
  const smsId = await message('sent')
  await taken(smsId, 1)
  await pool.query(
    `INSERT INTO early_receipts VALUES ('a', $1, 'failed', '011', now() - interval '1 hour', now() - interval '1 hour'),
       ('b', $1, 'delivered', null, now() - interval '1 hour', now() - interval '1 hour')`,
    [`${smsId}-1`],
  )
  expect((await search()).published.get(smsId)).toMatchObject({ status: 'failed', error_code: '011' })
})

test('a kept receipt is for the phone that it names, and for a submit that was made before it came', async () => {
  const [here, elsewhere, later] = [await message('sent'), await message('sent'), await message('sent')]
  for (const smsId of [here, elsewhere]) await taken(smsId, 1)
  await taken(later, 0)
  const keep = (smsId: number, recipient: string) =>
    pool.query(
      `INSERT INTO early_receipts (operator, operator_message_id, recipient, status, at, received_at)
       VALUES ('a', $1, $2, 'delivered', now(), now() - interval '1 hour')`,
      [`${smsId}-1`, recipient],
    )
  await keep(here, '98935')
  await keep(elsewhere, '98912345')
  await keep(later, '')
  const { published } = await search()
  expect([...published.keys()]).toEqual([here])
})

test('parts that share an id are as many as receipts were kept for it', async () => {
  const smsId = await message('sent')
  for (const part of [1, 2]) await taken(smsId, 1, part)
  await pool.query("UPDATE attempt_parts SET operator_message_id = 'one' WHERE sms_id = $1", [smsId])
  await pool.query(
    `INSERT INTO early_receipts (operator, operator_message_id, status, at, received_at)
     VALUES ('a', 'one', 'delivered', now(), now() - interval '1 hour')`,
  )
  expect((await search()).published.has(smsId)).toBe(false)
  await pool.query('UPDATE early_receipts SET copies = 2')
  expect((await search()).published.get(smsId)).toMatchObject({ status: 'delivered' })
})

test('a long message is published when all its parts are final, with each of them', async () => {
  const whole = await message('sent')
  await taken(whole, 1, 1, 'delivered')
  await taken(whole, 1, 2, 'delivered')
  const half = await message('sent')
  await taken(half, 1, 1, 'delivered')
  await taken(half, 1, 2)
  const { published } = await search()
  expect(published.get(whole)).toMatchObject({
    status: 'delivered',
    parts: [
      { part: 1, status: 'delivered', operator_message_id: `${whole}-1` },
      { part: 2, status: 'delivered', operator_message_id: `${whole}-2` },
    ],
  })
  expect(published.has(half)).toBe(false)
})

test('what operators brought is kept for its days, and shown newest first', async () => {
  for (const days of [0, 2, 40]) {
    const at = `now() - interval '${days} days'`
    await pool.query(`INSERT INTO early_receipts VALUES ('a', '${days}', 'failed', NULL, now(), ${at})`)
    await pool.query(
      `INSERT INTO receipt_reviews (received_at, operator, cause, words) VALUES (${at}, 'a', 'unreadable', '${days}')`,
    )
    await pool.query(
      `INSERT INTO incoming_messages (received_at, operator, kind, from_address, to_address, text, data_coding, octets,
         octets_total, digest, possible_duplicate) VALUES (${at}, 'a', 'message', '1', '2', '${days}', 0, '', 0, '', false)`,
    )
  }
  const connection = await pool.connect()
  const days = { EARLY_RECEIPT_DAYS: 3, RECEIPT_REVIEW_DAYS: 1, INCOMING_DAYS: 30 }
  const isDone = await dropReceived(connection, days, () => false).finally(() => connection.release())
  expect(isDone).toBe(true)
  const { rows } = await pool.query('SELECT operator_message_id AS id FROM early_receipts ORDER BY 1')
  expect(rows).toEqual([{ id: '0' }, { id: '2' }])
  expect((await readReviews(pool, { operator: 'a', rowsMax: 10 })).map(({ words }) => words)).toEqual(['0'])
  const incoming = async (operator: string | null, rowsMax: number) =>
    (await readIncomingMessages(pool, { operator, rowsMax })).map(({ text }) => text)
  expect(await incoming(null, 10)).toEqual(['2', '0'])
  expect(await incoming('a', 1)).toEqual(['2'])
  expect(await incoming('b', 10)).toEqual([])
})

test.each([600_000, -600_000])(
  'a clock %d ms off hides no message from the search, nor makes it look too early',
  async (offMs) => {
    const rules = { rangeMs: 60_000, afterMs: 60_000, revisitShare: 1 }
    const trueMs = Date.now
    const connection = await pool.connect()
    try {
      vi.spyOn(Date, 'now').mockImplementation(() => trueMs() + offMs)
      // Nothing was accepted yet; what is next gets an id of PostgreSQL's time.
      const ranges = await readWatchRanges(connection, rules)
      const acceptedMs = smsIdTimeMs(ids.next(trueMs()))
      const { nextMs } = ranges.progress
      expect(nextMs).toBeLessThanOrEqual(acceptedMs)
      expect(acceptedMs - nextMs).toBeLessThan(600_000)
      ranges.extend(acceptedMs + 180_000, 100)
      expect(ranges.due(acceptedMs + 180_000, Number.POSITIVE_INFINITY)).toContain(
        Math.floor(acceptedMs / rules.rangeMs) * rules.rangeMs,
      )
    } finally {
      connection.release()
    }
  },
)
