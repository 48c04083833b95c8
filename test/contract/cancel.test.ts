import { afterEach, expect, test, vi } from 'vitest'
import { acceptBatch } from '../../src/accept/accept-batch.ts'
import { cancelMessage } from '../../src/accept/cancel/cancel-message.ts'
import { createCustomer, topUp } from '../../src/accounts/accounts.ts'
import { AttemptBook } from '../../src/delivery/attempts/record-attempts.ts'
import { eventId } from '../../src/domain/event-id.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import { eventCodec } from '../../src/events/event-codec.ts'
import { decodePayload } from '../../src/events/outbox-payload.ts'
import { StatusEvent } from '../../src/events/status.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { sleep } from '../../src/runtime/backoff.ts'
import { applyEvents } from '../../src/status/apply-events.ts'
import { freshDatabase } from '../servers/fixtures.ts'
import { acceptedIds, acceptRequest, DRAFT } from '../servers/sample-message.ts'

const CUSTOMER = 'c'
const COST = 7
const BALANCE = 100_000
const codec = eventCodec(StatusEvent)

afterEach(() => void vi.restoreAllMocks())

async function acceptSome(pool: Pool, messages: number): Promise<number[]> {
  await createCustomer(pool, { customerId: CUSTOMER, name: CUSTOMER, currency: 'IRR' })
  await topUp(pool, CUSTOMER, BALANCE)
  const draft = { ...DRAFT, cost: COST }
  const request = acceptRequest(
    CUSTOMER,
    Array.from({ length: messages }, () => draft),
  )
  const [result] = await acceptBatch(pool, { ids: new SmsIds(5), nowMs: Date.now, maxRetries: 3 }, [request])
  return acceptedIds(result)
}

/** What cancelling put into the outbox. */
async function published(pool: Pool): Promise<StatusEvent[]> {
  const { rows } = await pool.query<{ payload: string }>('SELECT payload FROM outbox WHERE payload IS NOT NULL')
  return rows.map(({ payload }) => codec.decode(Buffer.from(String(decodePayload(payload).value))))
}

function statusEvent(smsId: number, status: StatusEvent['status'], attempt: number): StatusEvent {
  return {
    event_id: eventId(smsId, status, attempt),
    sms_id: smsId,
    customer_id: CUSTOMER,
    status,
    operator_message_id: status === 'sent' ? 'm' : null,
    error_code: null,
    error_message: null,
    delivered_at: null,
    latency_ms: 1,
    occurred_at: new Date().toISOString(),
    operator: 'o',
    attempt,
    segments: 1,
    possible_duplicate: false,
  }
}

test('customers and workers race for hundreds of messages: each is cancelled or sent, and the money is exact', async () => {
  const pool = await freshDatabase()
  const messages = await acceptSome(pool, 400)
  const workers = [new AttemptBook(pool, 'w1'), new AttemptBook(pool, 'w2')]
  const race = messages.map(async (smsId, index) => {
    // A worker's attempts gather for a while; some customers are as late.
    const cancelLate = () => sleep(Math.random() * 150).then(() => cancelMessage(pool, CUSTOMER, smsId))
    const start = {
      smsId,
      attempt: 1,
      operator: 'o',
      possibleDuplicate: false,
      leaseMs: 60_000,
      partCount: 1,
      parts: [1],
    }
    const [begun, ...cancelled] = await Promise.all([workers[index % 2]!.begin(start), cancelLate(), cancelLate()])
    const kinds = new Set(cancelled.map(({ kind }) => kind))
    expect([...kinds], String(smsId)).toEqual([begun ? 'refused' : 'cancelled'])
    return begun ? smsId : null
  })
  const sent = (await Promise.all(race)).filter((smsId) => smsId !== null)
  console.log({ sent: sent.length, cancelled: messages.length - sent.length })
  const events = await published(pool)
  expect(events.map(({ sms_id }) => sms_id).sort()).toEqual(messages.filter((smsId) => !sent.includes(smsId)).sort())
  expect(new Set(events.map(({ status }) => status))).toEqual(new Set(events.length > 0 ? ['cancelled'] : []))
  // Published twice, as by the worker that finds it cancelled, it is the same event.
  await applyEvents(pool, [...events, ...sent.map((smsId) => statusEvent(smsId, 'sent', 1)), ...events])
  await applyEvents(pool, events)
  const { rows } = await pool.query(
    `SELECT balance, reserved, (SELECT sum(balance)::bigint FROM ledger) AS entries FROM balances`,
  )
  const left = BALANCE - sent.length * COST
  expect(rows).toEqual([{ balance: left, reserved: 0, entries: left }])
})

test('between two attempts a message is cancelled, and a worker that goes on finds it', async () => {
  const pool = await freshDatabase()
  const [smsId] = await acceptSome(pool, 1)
  const book = new AttemptBook(pool, 'w')
  const start = {
    smsId: smsId!,
    attempt: 1,
    operator: 'o',
    possibleDuplicate: false,
    leaseMs: 60_000,
    partCount: 1,
    parts: [1],
  }
  await book.begin(start)
  expect(await cancelMessage(pool, CUSTOMER, smsId!)).toMatchObject({ kind: 'refused' })
  const end = { smsId: smsId!, attempt: 1, operator: 'o', operatorMessageId: null, errorCode: 'busy' }
  await book.end({ ...end, outcome: 'temporary' })
  expect(await cancelMessage(pool, CUSTOMER, smsId!)).toEqual({ kind: 'cancelled' })
  expect(await book.begin({ ...start, attempt: 2 })).toBe(false)
  const { attempts } = await book.history(smsId!)
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['temporary', 'cancelled'])
  // The worker's news of the first attempt come after those of the end.
  const [cancelled] = await published(pool)
  expect(cancelled).toMatchObject({ status: 'cancelled', attempt: 1, event_id: eventId(smsId!, 'cancelled', 1) })
  await applyEvents(pool, [statusEvent(smsId!, 'sending', 1), cancelled!, statusEvent(smsId!, 'queued', 1)])
  const { rows } = await pool.query('SELECT status, settlement FROM message_states')
  expect(rows).toEqual([{ status: 'cancelled', settlement: 'released' }])
})

test.each([600_000, -600_000])(
  'a process whose clock is %d ms off refuses what ends, and cancels what is valid',
  async (offMs) => {
    const pool = await freshDatabase()
    const [ends, valid] = await acceptSome(pool, 2)
    const validFor = (smsId: number, seconds: number) =>
      pool.query(`UPDATE messages SET valid_until = now() + $2 * interval '1 second' WHERE sms_id = $1`, [
        smsId,
        seconds,
      ])
    await validFor(ends!, 1)
    await validFor(valid!, 300)
    const trueMs = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => trueMs() + offMs)
    expect(await cancelMessage(pool, CUSTOMER, ends!)).toMatchObject({ kind: 'refused' })
    expect(await cancelMessage(pool, CUSTOMER, valid!)).toEqual({ kind: 'cancelled' })
    const [event] = await published(pool)
    expect(Math.abs(Date.parse(event!.occurred_at) - trueMs())).toBeLessThan(300_000)
  },
)
