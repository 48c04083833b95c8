import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import {
  BODIES,
  MISBEHAVIOURS,
  startRawReceiver,
  startReceiver,
  startUnresponsiveReceiver,
} from '../../bench/webhooks/hostile-receivers.ts'
import { eventId } from '../../src/domain/event-id.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { createCustomer } from '../../src/ops/accounts/accounts.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createLog } from '../../src/runtime/log.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { dropOldEvents, exhaustOldEvents, markFullBacklogs } from '../../src/webhooks/backlog-statements.ts'
import { discardBacklog, retryBacklog } from '../../src/webhooks/change-backlog.ts'
import { deleteEndpoint, disableEndpoint, enableEndpoint } from '../../src/webhooks/change-endpoints.ts'
import { webhookSettings } from '../../src/webhooks/config.ts'
import { createDelivery, type DeliverySettings } from '../../src/webhooks/create-delivery.ts'
import { noteFailure } from '../../src/webhooks/endpoint-health.ts'
import { createEndpoint, type Endpoint, listEndpoints } from '../../src/webhooks/endpoints.ts'
import { listBacklogs } from '../../src/webhooks/list-backlogs.ts'
import { addRetries, countRetries } from '../../src/webhooks/store-retries.ts'
import { runSmsgw } from '../run-command-line.ts'
import { consumedRecord } from '../servers/consumed-record.ts'
import { eventually } from '../servers/eventually.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const ids = new SmsIds(9)

function record(changes: Partial<StatusEvent> = {}): ConsumedRecord {
  const smsId = ids.next(Date.now())
  const event: StatusEvent = {
    event_id: eventId(smsId, 'delivered', 1),
    sms_id: smsId,
    customer_id: 'c',
    status: 'delivered',
    operator_message_id: 'x',
    error_code: null,
    error_message: null,
    delivered_at: new Date().toISOString(),
    latency_ms: 1,
    occurred_at: new Date().toISOString(),
    operator: 'o',
    attempt: 1,
    segments: 1,
    possible_duplicate: false,
    ...changes,
  }
  return consumedRecord({ topic: 'sms.status', offset: smsId, value: JSON.stringify(event) })
}

function records(count: number, changes: Partial<StatusEvent> = {}): ConsumedRecord[] {
  return Array.from({ length: count }, () => record(changes))
}

function dispatcher(pool: Pool, changes: Partial<DeliverySettings> = {}) {
  const settings = {
    ...readSettings(webhookSettings, {}),
    WEBHOOK_ALLOW_PRIVATE: 'yes' as const,
    WEBHOOK_TIMEOUT_MS: 1_500,
    ...changes,
  }
  const outcomes: Record<string, number> = {}
  const counted = (outcome: string): void => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const log = createLog('test', 'silent' as 'error')
  const delivery = createDelivery({ settings, pool, log, counted, exhausted: () => counted('exhausted') })
  onTestFinished(() => delivery.stop())
  return { ...delivery, outcomes }
}

/** A database with a customer that has an endpoint at this address. */
async function customerWith(url: string): Promise<{ pool: Pool; endpoint: Endpoint; secret: string; id: string }> {
  const pool = await freshDatabase()
  const endpoint = await addCustomer(pool, 'c', url)
  return { pool, endpoint, secret: endpoint.secret, id: endpoint.endpoint_id }
}

async function addCustomer(pool: Pool, customerId: string, url: string): Promise<Endpoint> {
  await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
  return createEndpoint(pool, { customerId, url, allowPrivate: true })
}

async function receiver(...answer: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...answer)
  onTestFinished(started.stop)
  return started
}

async function rawReceiver(...answer: Parameters<typeof startRawReceiver>) {
  const started = await startRawReceiver(...answer)
  onTestFinished(started.stop)
  return started
}

async function retryRows(pool: Pool): Promise<{ attempts: number; last_error: string; exhausted: boolean }[]> {
  const { rows } = await pool.query(
    'SELECT attempts, last_error, exhausted_at IS NOT NULL AS exhausted FROM webhook_retries ORDER BY event_id',
  )
  return rows
}

const untilEmpty = (pool: Pool) =>
  eventually(
    () => countRetries(pool),
    (count) => count === 0,
  )

/** Stores events as if they had failed once, due now. */
function storeEvents(pool: Pool, endpointId: string, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    ...{ endpointId, eventId: `event-${index}`, body: '{}', attempts: 1, waitMs: 0, lastError: 'status 500' },
  }))
  return addRetries(pool, events)
}

test('an event that the endpoint asked for is posted once, signed; others are not', async () => {
  const { url, received } = await receiver()
  const { pool, secret } = await customerWith(url)
  const { events } = dispatcher(pool)
  expect(await events.handle(record())).toEqual({ kind: 'done' })
  expect(await events.handle(record({ status: 'queued' }))).toEqual({ kind: 'done' })
  expect(await events.handle(record({ customer_id: 'other' }))).toEqual({ kind: 'done' })
  expect(received).toHaveLength(1)
  const verified = new Webhook(secret).verify(received[0]!.body, received[0]!.headers) as { type: string; data: object }
  expect(verified).toMatchObject({ type: 'message.delivered', data: { status: 'delivered', operator_message_id: 'x' } })
  expect(await countRetries(pool)).toBe(0)
})

test('a failure is stored and tried again under the same id, also by a dispatcher that starts later', async () => {
  const { url, received } = await receiver((all, response) => response.writeHead(all.length === 1 ? 500 : 200).end())
  const { pool } = await customerWith(url)
  expect(await dispatcher(pool).events.handle(record())).toEqual({ kind: 'done' })
  expect(await countRetries(pool)).toBe(1)
  await pool.query('UPDATE webhook_retries SET next_at = now()')
  dispatcher(pool).retries.start()
  expect(await untilEmpty(pool)).toBe(0)
  expect(received.map(({ id }) => id)).toEqual([received[0]!.id, received[0]!.id])
})

test('an endpoint that is gone is disabled; its events are kept, and posted when it is enabled', async () => {
  let status = 410
  const { url, received } = await receiver((_all, response) => response.writeHead(status).end())
  const { pool, id } = await customerWith(url)
  const { events, retries } = dispatcher(pool)
  await events.handle(record())
  expect((await listEndpoints(pool, 'c'))[0]!.disabled_reason).toBe('answered 410')
  expect(await retryRows(pool)).toEqual([{ attempts: 1, last_error: 'status 410', exhausted: false }])
  status = 204
  await enableEndpoint(pool, id)
  retries.start()
  expect(await untilEmpty(pool)).toBe(0)
  expect(received).toHaveLength(2)
})

test('a private address is refused also where the table has one', async () => {
  const { url, received } = await receiver()
  const { pool } = await customerWith(url)
  await dispatcher(pool, { WEBHOOK_ALLOW_PRIVATE: 'no' }).events.handle(record())
  expect((await retryRows(pool))[0]!.last_error).toMatch(/^refused: 127\.0\.0\.1 is not a public address/)
  expect(received).toEqual([])
})

/** Customers by the name of what their receivers do, and what becomes of an event for each. */
async function postToAll(answers: Record<string, Parameters<typeof startRawReceiver>[0]>) {
  const pool = await freshDatabase()
  const { events, slots, outcomes } = dispatcher(pool)
  const customers = Object.keys(answers).map((what, index) => [`c${index}`, what] as const)
  const requests = new Map<string, { count: number }>()
  for (const [customerId, what] of customers) {
    const bad = await rawReceiver(answers[what]!)
    requests.set(what, bad.requests)
    await addCustomer(pool, customerId, bad.url)
  }
  const handled = await Promise.all(customers.map(([customer_id]) => events.handle(record({ customer_id }))))
  expect(handled.every(({ kind }) => kind === 'done')).toBe(true)
  await events.drain()
  const inFlight = await eventually(
    () => slots.inFlight,
    (left) => left === 0,
  )
  expect(inFlight).toBe(0)
  expect([...requests.values()].map(({ count }) => count)).toEqual(customers.map(() => 1))
  const { rows } = await pool.query<{ customer_id: string; attempts: number; last_error: string }>(
    'SELECT customer_id, attempts, last_error FROM webhook_retries JOIN webhook_endpoints USING (endpoint_id)',
  )
  const names = new Map<string, string>(customers)
  return { outcomes, failed: new Map(rows.map((row) => [names.get(row.customer_id), row])) }
}

test('a receiver that hangs, floods or breaks HTTP fails its own events, each by one deadline', async () => {
  const { outcomes, failed } = await postToAll(MISBEHAVIOURS)
  expect([...failed.keys()].sort()).toEqual(Object.keys(MISBEHAVIOURS).sort())
  expect(outcomes).toEqual({ failed: Object.keys(MISBEHAVIOURS).length })
  for (const { attempts, last_error } of failed.values()) {
    expect(attempts).toBe(1)
    expect(last_error).toMatch(/^[ -~]{1,200}$/)
    expect(last_error).not.toMatch(/no response yet/)
  }
  expect(failed.get('redirects to itself')!.last_error).toBe('status 308')
  for (const what of ['hangs before the status line', 'hangs within the header', 'sends its header a byte at a time'])
    expect(failed.get(what)!.last_error).toMatch(/^timeout: no status line within 1500 ms/)
})

test('a 2xx header delivers, whatever body follows, and its connection is freed', async () => {
  const { outcomes, failed } = await postToAll(BODIES)
  expect(outcomes).toEqual({ delivered: Object.keys(BODIES).length })
  expect([...failed.keys()]).toEqual([])
})

test('C2: 700 events for a receiver that drips, and its neighbour has all of its own, without a dead letter', async () => {
  const drip = await rawReceiver(BODIES['a byte every 100 ms for ever'])
  const good = await receiver()
  const { pool } = await customerWith(drip.url)
  await addCustomer(pool, 'neighbour', good.url)
  const { events, retries } = dispatcher(pool)
  retries.start()
  const handled = await Promise.all(
    [...records(700), ...records(100, { customer_id: 'neighbour' })].map((each) => events.handle(each)),
  )
  expect(handled.every(({ kind }) => kind === 'done')).toBe(true)
  expect(new Set(good.received.map(({ id }) => id)).size).toBe(100)
  expect(await untilEmpty(pool)).toBe(0)
  expect(drip.requests.count).toBe(700)
})

test('a record waits for no receiver: what is slow goes to the table meanwhile, and leaves it when it succeeds', async () => {
  let answer = (): void => {}
  const { url, received } = await receiver((_all, response) => {
    answer = () => response.writeHead(204).end()
  })
  const { pool } = await customerWith(url)
  const { events, outcomes } = dispatcher(pool, { WEBHOOK_TIMEOUT_MS: 60_000 })
  expect(await events.handle(record())).toEqual({ kind: 'done' })
  expect(await retryRows(pool)).toEqual([{ attempts: 1, last_error: 'no response yet', exhausted: false }])
  expect(received).toHaveLength(1)
  answer()
  await events.drain()
  expect(await retryRows(pool)).toEqual([])
  expect(outcomes).toEqual({ delivered: 1 })
})

test('a burst for an endpoint that is well is levelled in memory, beyond its requests in flight', async () => {
  let inFlight = 0
  let most = 0
  const { url, received } = await receiver((_all, response) => {
    most = Math.max(most, ++inFlight)
    setTimeout(() => {
      inFlight--
      response.writeHead(204).end()
    }, 10)
  })
  const { pool } = await customerWith(url)
  const { events, retries } = dispatcher(pool, { WEBHOOK_REQUESTS_PER_ENDPOINT_MAX: 16 })
  retries.start()
  await Promise.all(records(150).map((each) => events.handle(each)))
  expect(await untilEmpty(pool)).toBe(0)
  expect(new Set(received.map(({ id }) => id)).size).toBe(150)
  expect(most).toBeLessThanOrEqual(16)
})

test('200 customers, 20 of them with receivers that hang, drip, redirect, fail: the others have all, nothing is lost', async () => {
  const good = await receiver()
  const silent = await startUnresponsiveReceiver()
  onTestFinished(silent.stop)
  const bad = [silent]
  for (const answer of Object.values(MISBEHAVIOURS)) bad.push(await rawReceiver(answer))
  for (const answer of Object.values(BODIES)) bad.push(await rawReceiver(answer))
  const pool = await freshDatabase()
  for (let index = 0; index < 200; index++)
    await addCustomer(pool, `c${index}`, index < 20 ? bad[index]!.url : good.url)
  const { events, retries, slots } = dispatcher(pool)
  retries.start()
  const handling: Promise<{ kind: string }>[] = []
  const sentMs = new Map<string, number>()
  for (let round = 0; round < 10; round++) {
    for (let index = 0; index < 200; index++) {
      const each = record({ customer_id: `c${index}` })
      sentMs.set((JSON.parse(String(each.value)) as StatusEvent).event_id, performance.now())
      handling.push(events.handle(each))
    }
    await sleep(300)
  }
  const outcomes = await Promise.all(handling)
  expect(outcomes.every(({ kind }) => kind === 'done')).toBe(true)
  const arrived = await eventually(
    () => new Set(good.received.map(({ id }) => id)).size,
    (count) => count === 180 * 10,
  )
  expect(arrived).toBe(180 * 10)
  const left = await eventually(
    async () => {
      const { rows } = await pool.query<{ customer_id: string }>(
        'SELECT DISTINCT customer_id FROM webhook_retries JOIN webhook_endpoints USING (endpoint_id)',
      )
      return rows.filter(({ customer_id }) => Number(customer_id.slice(1)) >= 20)
    },
    (customers) => customers.length === 0,
  )
  expect(left).toEqual([])
  expect(slots.inFlight).toBeLessThanOrEqual(1_024)
  const delays = good.received.map(({ id, atMs }) => atMs - sentMs.get(id)!).sort((a, b) => a - b)
  console.info(`the others' webhooks: p99 ${Math.round(delays[Math.floor(delays.length * 0.99)]!)} ms`)
})

test('C13: neither a wrong clock here nor a wrong one in the record makes an event wait, and signatures hold', async () => {
  const { url, received } = await receiver((all, response) =>
    response.writeHead(all.length % 2 === 1 ? 500 : 204).end(),
  )
  const { pool, secret } = await customerWith(url)
  const spy = vi.spyOn(Date, 'now')
  onTestFinished(() => spy.mockRestore())
  const setClock = (aheadMs: number): void => {
    spy.mockImplementation(() => Math.round(performance.timeOrigin + performance.now() + aheadMs))
  }
  for (const aheadMs of [600_000, -600_000]) {
    const { events, retries } = dispatcher(pool)
    // That of the worker that published it.
    setClock(600_000)
    const published = record()
    setClock(aheadMs)
    expect(await events.handle(published)).toEqual({ kind: 'done' })
    await pool.query("UPDATE webhook_retries SET next_at = next_at - interval '5 seconds'")
    retries.start()
    expect(await untilEmpty(pool)).toBe(0)
  }
  spy.mockRestore()
  expect(received).toHaveLength(4)
  for (const { body, headers } of received) new Webhook(secret).verify(body, headers)
})

test('an endpoint that was made before a message hears of it, whatever transactions are open', async () => {
  const { url, received } = await receiver()
  const { pool } = await customerWith(url)
  const { events } = dispatcher(pool)
  await events.handle(record())
  // This one draws its transaction number before the other, and commits after it.
  const early = await pool.connect()
  await early.query('BEGIN')
  await createEndpoint(early, { customerId: 'c', url: `${url}?early`, allowPrivate: true })
  await createEndpoint(pool, { customerId: 'c', url: `${url}?late`, allowPrivate: true })
  await events.handle(record())
  expect(received).toHaveLength(3)
  await early.query('COMMIT')
  early.release()
  await events.handle(record())
  expect(received).toHaveLength(6)
})

test('C20: credentials of the URL are sent as Basic authentication, directly and by retries, and never shown', async () => {
  const { url, received } = await receiver((all, response) => response.writeHead(all.length === 1 ? 401 : 204).end())
  const { pool, endpoint } = await customerWith(url.replace('http://', 'http://USER:SECRET@'))
  expect(endpoint.url).toBe(url)
  const { events, retries } = dispatcher(pool)
  await events.handle(record())
  await pool.query('UPDATE webhook_retries SET next_at = now()')
  retries.start()
  expect(await untilEmpty(pool)).toBe(0)
  const sent = `Basic ${Buffer.from('USER:SECRET').toString('base64')}`
  expect(received.map(({ headers }) => headers.authorization)).toEqual([sent, sent])
})

test('C23: a disabled endpoint gets nothing more; what waits is kept, resumed in full, or discarded', async () => {
  const { url, received } = await receiver()
  const { pool, id } = await customerWith(url)
  const { events, retries } = dispatcher(pool)
  await storeEvents(pool, id, 30)
  expect(await disableEndpoint(pool, id, 'by a test')).toBe(true)
  expect(await disableEndpoint(pool, id, 'again')).toBe(false)
  retries.start()
  await events.handle(record())
  await sleep(2_500)
  expect(received).toEqual([])
  expect((await listBacklogs(pool, [id])).get(id)).toMatchObject({
    ...{ waiting: 30, exhausted: 0, last_error: 'status 500' },
  })
  expect((await listEndpoints(pool))[0]).toMatchObject({ disabled_reason: 'by a test' })
  await enableEndpoint(pool, id)
  expect(await untilEmpty(pool)).toBe(0)
  expect(received).toHaveLength(30)
  await events.handle(record())
  expect(received).toHaveLength(31)
  await disableEndpoint(pool, id, 'by a test')
  await storeEvents(pool, id, 5)
  expect(await discardBacklog(pool, id, false)).toBe(5)
  expect(await countRetries(pool)).toBe(0)
})

test('a deleted endpoint gets nothing more, and is not listed', async () => {
  const { url, received } = await receiver()
  const { pool, id } = await customerWith(url)
  const { events, retries } = dispatcher(pool)
  await storeEvents(pool, id, 3)
  await deleteEndpoint(pool, id)
  // Stored by a process that did not know yet.
  await storeEvents(pool, id, 3)
  retries.start()
  await events.handle(record())
  expect(await dropOldEvents(pool, 86_400_000, 1_000)).toBe(3)
  expect(received).toEqual([])
  expect(await listEndpoints(pool)).toEqual([])
  await expect(enableEndpoint(pool, id)).rejects.toThrow('there is no endpoint')
})

test('a backlog that is long and old does not keep others from their retries', async () => {
  const hanging = await rawReceiver(MISBEHAVIOURS['hangs before the status line'])
  const good = await receiver()
  const { pool, id } = await customerWith(hanging.url)
  const other = await addCustomer(pool, 'other', good.url)
  await storeEvents(pool, id, 5_000)
  await pool.query("UPDATE webhook_retries SET next_at = now() - interval '1 hour'")
  await storeEvents(pool, other.endpoint_id, 50)
  dispatcher(pool, { WEBHOOK_TIMEOUT_MS: 5_000 }).retries.start()
  const arrived = await eventually(
    () => good.received.length,
    (count) => count === 50,
  )
  expect(arrived).toBe(50)
  expect(hanging.requests.count).toBeLessThanOrEqual(8 + 4)
})

test('while an endpoint fails one event probes it; its first success releases the backlog', async () => {
  let works = false
  const { url, received } = await receiver((_all, response) => response.writeHead(works ? 204 : 503).end())
  const { pool, id } = await customerWith(url)
  await storeEvents(pool, id, 100)
  const { retries } = dispatcher(pool)
  retries.start()
  const failing = await eventually(
    async () => (await listEndpoints(pool))[0]!.failing_since,
    (since) => since !== null,
  )
  expect(failing).not.toBeNull()
  await eventually(
    () => received.length,
    (count) => count >= 9,
  )
  // Those in flight at first, and probes after it.
  expect(received.length).toBeLessThan(20)
  works = true
  await pool.query('UPDATE webhook_endpoints SET retry_at = now()')
  await eventually(
    () => countRetries(pool),
    (count) => count < 20,
  )
  expect(received.length).toBeGreaterThan(80)
  expect((await listEndpoints(pool))[0]!.failing_since).toBeNull()
})

test('an event whose attempts are used up is exhausted: kept, counted, and tried again when asked for', async () => {
  let status = 500
  const { url } = await receiver((_all, response) => response.writeHead(status).end())
  const { pool, id } = await customerWith(url)
  await storeEvents(pool, id, 1)
  await pool.query('UPDATE webhook_retries SET attempts = 9')
  const { retries, outcomes } = dispatcher(pool)
  retries.start()
  expect(await untilEmpty(pool)).toBe(0)
  expect(await retryRows(pool)).toEqual([{ attempts: 10, last_error: 'status 500', exhausted: true }])
  expect(outcomes).toMatchObject({ failed: 1, exhausted: 1 })
  status = 204
  expect(await retryBacklog(pool, id)).toBe(1)
  await eventually(
    () => retryRows(pool),
    (rows) => rows.length === 0,
  )
  expect(await retryRows(pool)).toEqual([])
})

test('age exhausts events of enabled endpoints alone, and later drops all; a full backlog is marked and unmarked', async () => {
  const { pool, id } = await customerWith('http://127.0.0.1:9/')
  const disabled = await addCustomer(pool, 'disabled', 'http://127.0.0.1:9/')
  await disableEndpoint(pool, disabled.endpoint_id, 'by a test')
  await storeEvents(pool, id, 10)
  await storeEvents(pool, disabled.endpoint_id, 10)
  expect(await markFullBacklogs(pool, 11)).toEqual([])
  const marked = await markFullBacklogs(pool, 10)
  expect(marked.map(({ backlog_full }) => backlog_full)).toEqual([true, true])
  expect(await markFullBacklogs(pool, 10)).toEqual([])
  expect(await exhaustOldEvents(pool, 3_600_000, 1_000)).toBe(0)
  await pool.query("UPDATE webhook_retries SET created_at = now() - interval '2 hours'")
  expect(await exhaustOldEvents(pool, 3_600_000, 4)).toBe(4)
  expect(await exhaustOldEvents(pool, 3_600_000, 1_000)).toBe(6)
  expect(await markFullBacklogs(pool, 10)).toEqual([{ endpoint_id: id, backlog_full: false }])
  expect(await dropOldEvents(pool, 86_400_000, 1_000)).toBe(0)
  expect(await dropOldEvents(pool, 3_600_000, 1_000)).toBe(20)
})

test('what no room is left for is skipped and counted, and nothing else', async () => {
  const { url, received } = await receiver((all, response) => response.writeHead(all.length === 1 ? 500 : 204).end())
  const { pool } = await customerWith(url)
  await pool.query('UPDATE webhook_endpoints SET backlog_full = true')
  const { events, outcomes } = dispatcher(pool)
  await events.handle(record())
  await events.handle(record())
  expect(outcomes).toEqual({ failed: 1, skipped: 1, delivered: 1 })
  expect(await retryRows(pool)).toEqual([])
  expect(received).toHaveLength(2)
})

test('an endpoint that has failed for too long is disabled, and says since when', async () => {
  const { pool, id } = await customerWith('http://127.0.0.1:9/')
  const failure = { endpointId: id, failures: 1, waitMs: 0, disableAfterMs: 3_600_000 }
  expect(await noteFailure(pool, failure)).toBe(false)
  await pool.query("UPDATE webhook_endpoints SET failing_since = now() - interval '2 hours'")
  expect(await noteFailure(pool, { ...failure, disableAfterMs: null })).toBe(false)
  expect(await noteFailure(pool, failure)).toBe(true)
  expect((await listEndpoints(pool))[0]!.disabled_reason).toMatch(/^has failed since 20\d\d-/)
})

test('an event that the database refuses costs only itself', async () => {
  const { url } = await receiver((_all, response) => response.writeHead(500).end())
  const { pool, id } = await customerWith(url)
  const removed = await addCustomer(pool, 'removed', url)
  const { events } = dispatcher(pool)
  await events.handle(record({ customer_id: 'removed', status: 'queued' }))
  // By hand, behind the directory's back: the events of this endpoint break the table's foreign key.
  await pool.query('DELETE FROM webhook_endpoints WHERE endpoint_id = $1', [removed.endpoint_id])
  const some = records(40).flatMap((each, index) =>
    index % 4 === 0 ? [each, record({ customer_id: 'removed' })] : [each],
  )
  const outcomes = await Promise.all(some.map((each) => events.handle(each)))
  expect(outcomes.every(({ kind }) => kind === 'done')).toBe(true)
  const { rows } = await pool.query('SELECT endpoint_id, count(*) FROM webhook_retries GROUP BY 1')
  expect(rows).toEqual([{ endpoint_id: id, count: 40 }])
})

test('a fault of the database itself is no record’s fault: the consumer waits', async () => {
  const { url } = await receiver((_all, response) => response.writeHead(500).end())
  const { pool } = await customerWith(url)
  const { events, failures } = dispatcher(pool)
  await pool.query('ALTER TABLE webhook_retries RENAME TO elsewhere')
  expect(await events.handle(record())).toMatchObject({ kind: 'pause' })
  await pool.query('ALTER TABLE elsewhere RENAME TO webhook_retries')
  expect(await events.handle(record())).toEqual({ kind: 'done' })
  expect(() => failures['webhook events']!.check()).not.toThrow()
})

test('a customer has so many endpoints at most, as each event goes to each', async () => {
  const { pool } = await customerWith('http://127.0.0.1:9/0')
  for (let index = 1; index < 20; index++)
    await createEndpoint(pool, { customerId: 'c', url: `http://127.0.0.1:9/${index}`, allowPrivate: true })
  await expect(
    createEndpoint(pool, { customerId: 'c', url: 'http://127.0.0.1:9/20', allowPrivate: true }),
  ).rejects.toThrow('the maximum')
})

test('a record that is no event is a dead letter', async () => {
  const { events } = dispatcher(await freshDatabase())
  const bad = consumedRecord({ topic: 'sms.status', value: '{"sms_id":"x"}' })
  expect(await events.handle(bad)).toMatchObject({ kind: 'dead-letter', reason: 'schema' })
  expect(await events.defer(bad)).toMatchObject({ kind: 'dead-letter', reason: 'schema' })
})

test('a record that blocks its partition is stored for later, and not posted', async () => {
  const { url, received } = await receiver()
  const { pool } = await customerWith(url)
  expect(await dispatcher(pool).events.defer(record())).toEqual({ kind: 'done' })
  expect(await countRetries(pool)).toBe(1)
  expect(received).toEqual([])
})

test('smsgw webhooks: an endpoint from its creation to its deletion, its secrets shown once at most', async () => {
  const { pool, id } = await customerWith('http://127.0.0.1:9/')
  const { rows } = await pool.query<{ name: string }>('SELECT current_database() AS name')
  const url = new URL(inject('databaseUrl'))
  url.pathname = `/${rows[0]!.name}`
  vi.stubEnv('DATABASE_URL', url.href)
  onTestFinished(() => void vi.unstubAllEnvs())
  const smsgw = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await runSmsgw('webhooks', ...args)
    return stdout + stderr
  }
  const created = JSON.parse(await smsgw('create', 'c', 'https://u:hunter2@h.example.com/', '--json'))
  expect(created).toMatchObject({ url: 'https://h.example.com/', authentication: 'basic' })
  expect(await smsgw('create', 'c', 'http://u:hunter2@127.0.0.1/')).toMatch(/WEBHOOK_ALLOW_PRIVATE=yes/)
  await storeEvents(pool, id, 3)
  await pool.query("UPDATE webhook_retries SET exhausted_at = now() WHERE event_id = 'event-0'")
  const listed = (await smsgw('list')) + (await smsgw('list', '--json')) + (await smsgw('show', created.endpoint_id))
  expect(listed).toMatch(new RegExp(`${id} +c .* 2 +1 .*enabled +status 500`))
  for (const secret of ['hunter2', created.secret, 'whsec_']) expect(listed).not.toContain(secret)
  expect(await smsgw('disable', id, '--reason', 'maintenance')).toMatch(/Disabled .* 2 undelivered events are kept/)
  expect(await smsgw('show', id)).toMatch(/state +disabled: maintenance[\s\S]*waiting +2[\s\S]*3 +1 +status 500/)
  expect(await smsgw('enable', id)).toMatch(/Enabled .* 2 undelivered events are posted/)
  expect(await smsgw('retry', id)).toMatch(/Due now: 3/)
  expect(await smsgw('discard', id)).toMatch(/add --yes/)
  expect(await smsgw('discard', id, '--exhausted', '--yes')).toMatch(/Discarded 0/)
  expect(await smsgw('discard', id, '--yes')).toMatch(/Discarded 3/)
  expect(await smsgw('delete', id, '--yes')).toMatch(/Deleted/)
  expect(await smsgw('list')).not.toContain(id)
  expect(await smsgw('show', id)).toMatch(/there is no endpoint/)
})
