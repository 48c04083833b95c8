import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { StatusEvent } from '../../src/events/status.ts'
import { listEndpoints } from '../../src/webhooks/endpoints.ts'
import { countRetries } from '../../src/webhooks/store-retries.ts'
import { eventually } from '../gateway/eventually.ts'
import {
  BODIES,
  MISBEHAVIOURS,
  type startRawReceiver,
  startUnresponsiveReceiver,
} from '../gateway/peers/hostile-receivers.ts'
import { freshDatabase } from '../servers/fixtures.ts'
import {
  addCustomer,
  customerWith,
  dispatcher,
  rawReceiver,
  receiver,
  record,
  records,
  retryRows,
  storeEvents,
  untilEmpty,
} from '../servers/webhook-dispatcher.ts'

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
  await eventually(
    'no post is in flight',
    () => slots.inFlight,
    (left) => left === 0,
  )
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
  await untilEmpty(pool)
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
  await untilEmpty(pool)
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
  await eventually(
    'the other 180 customers have all 1,800 webhooks',
    () => new Set(good.received.map(({ id }) => id)).size,
    (count) => count === 180 * 10,
  )
  await eventually(
    'the other customers have no retries',
    async () => {
      const { rows } = await pool.query<{ customer_id: string }>(
        'SELECT DISTINCT customer_id FROM webhook_retries JOIN webhook_endpoints USING (endpoint_id)',
      )
      return rows.filter(({ customer_id }) => Number(customer_id.slice(1)) >= 20)
    },
    (customers) => customers.length === 0,
  )
  expect(slots.inFlight).toBeLessThanOrEqual(1_024)
  const delays = good.received.map(({ id, atMs }) => atMs - sentMs.get(id)!).sort((a, b) => a - b)
  console.info(`the others' webhooks: p99 ${Math.round(delays[Math.floor(delays.length * 0.99)]!)} ms`)
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
  await eventually(
    'the other customer has its 50 webhooks',
    () => good.received.length,
    (count) => count === 50,
  )
  expect(hanging.requests.count).toBeLessThanOrEqual(8 + 4)
})

test('while an endpoint fails one event probes it; its first success releases the backlog', async () => {
  let works = false
  const { url, received } = await receiver((_all, response) => response.writeHead(works ? 204 : 503).end())
  const { pool, id } = await customerWith(url)
  await storeEvents(pool, id, 100)
  const { retries } = dispatcher(pool)
  retries.start()
  await eventually(
    'the endpoint is failing',
    async () => (await listEndpoints(pool, { rowsMax: 10 }))[0]!.failing_since,
    (since) => since !== null,
  )
  await eventually(
    '9 posts are received',
    () => received.length,
    (count) => count >= 9,
  )
  // Those in flight at first, and probes after it.
  expect(received.length).toBeLessThan(20)
  works = true
  await pool.query('UPDATE webhook_endpoints SET retry_at = now()')
  await eventually(
    'fewer than 20 retries wait',
    () => countRetries(pool),
    (count) => count < 20,
  )
  expect(received.length).toBeGreaterThan(80)
  expect((await listEndpoints(pool, { rowsMax: 10 }))[0]!.failing_since).toBeNull()
})
