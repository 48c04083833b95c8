import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { IdSlotLease, type LeaseTimes } from '../../src/accept/id-slot-lease.ts'
import { createCustomer, issueKey, topUp } from '../../src/accounts/accounts.ts'
import { ApiService } from '../../src/api/api-service.ts'
import { apiSettings } from '../../src/api/config.ts'
import { firstSmsIdAt, smsIdTimeMs } from '../../src/domain/sms-id.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { drawReference } from '../../src/tables/draw-reference.ts'
import { eventually } from '../gateway/eventually.ts'
import { fixedOperators, simulatorFor } from '../servers/fixed-operators.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const log = createLog('test', 'fatal')
const slotOf = (smsId: number): number => Math.floor(smsId / 128) % 64

afterEach(() => void vi.restoreAllMocks())

async function lease(pool: Pool, times: Partial<LeaseTimes> = {}): Promise<IdSlotLease> {
  const ids = new IdSlotLease(pool, log, times)
  await ids.start()
  onTestFinished(() => ids.stop())
  return ids
}

test('as many processes as there are slots have one each; the next says so, or takes one that is given back', async () => {
  const pool = await freshDatabase()
  const leases = await Promise.all(Array.from({ length: 63 }, () => lease(pool)))
  expect(new Set(leases.map(({ slot }) => slot)).size).toBe(63)
  expect(leases.every(({ slot }) => slot !== 63)).toBe(true)
  await expect(lease(pool, { claimWaitMs: 0 })).rejects.toThrow('All 63 slots of message ids are taken')
  const late = lease(pool)
  const freed = leases[7]!
  const { slot } = freed
  const last = freed.next()
  await freed.stop()
  const next = await late
  expect(next.slot).toBe(slot)
  expect(next.next()).toBeGreaterThan(last)
  expect(() => freed.next()).toThrow('cannot number messages')
})

test('a start that waits for a slot ends when it is stopped, and takes none', async () => {
  const pool = await freshDatabase()
  await pool.query("UPDATE id_slots SET holder = gen_random_uuid(), lease_until = 'infinity'")
  // Longer than the test may take.
  const ids = new IdSlotLease(pool, log, { claimWaitMs: 600_000 })
  const started = ids.start()
  const refused = expect(started).rejects.toThrow('aborted')
  await ids.stop()
  await refused
  await pool.query("UPDATE id_slots SET lease_until = '-infinity'")
  await expect(ids.start()).rejects.toThrow('aborted')
  expect(ids.slot).toBeNull()
})

test('a process that lost its slot without noticing, and the next holder, never draw the same id', async () => {
  const pool = await freshDatabase()
  // Does not renew within this test: it is as if it had been stopped for a while.
  const first = await lease(pool, { renewMs: 600_000 })
  const drawn = new Set(Array.from({ length: 1_000 }, () => first.next()))
  await pool.query("UPDATE id_slots SET lease_until = clock_timestamp() + $2 * interval '1 s' WHERE slot <> $1", [
    first.slot,
    600,
  ])
  await pool.query("UPDATE id_slots SET lease_until = '-infinity' WHERE slot = $1", [first.slot])
  const second = await lease(pool)
  expect(second.slot).toBe(first.slot)
  for (let n = 0; n < 20_000; n++) {
    const id = (n % 2 ? first : second).next()
    expect(drawn.has(id)).toBe(false)
    drawn.add(id)
  }
})

test('a process that notices takes another slot and goes on', async () => {
  const pool = await freshDatabase()
  const ids = await lease(pool, { renewMs: 20 })
  const { slot } = ids
  const before = ids.next()
  await pool.query("UPDATE id_slots SET holder = gen_random_uuid(), lease_until = 'infinity' WHERE slot = $1", [slot])
  await eventually(
    'another slot is leased',
    async () => ids.slot,
    (now) => now !== slot,
  )
  expect(slotOf(ids.next())).toBe(ids.slot)
  expect(ids.next()).not.toBe(before)
})

test("ids carry PostgreSQL's time; when its clock goes back ten minutes they go on where they were, also after a restart", async () => {
  const pool = await freshDatabase()
  const { rows } = await pool.query<{ now_ms: number }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms',
  )
  const ids = await lease(pool)
  expect(Math.abs(smsIdTimeMs(ids.next()) - rows[0]!.now_ms)).toBeLessThan(30_000)
  // To the table a clock that went back looks as if the blocks had been given ten minutes ahead.
  const aheadMs = rows[0]!.now_ms + 600_000
  await pool.query('UPDATE id_slots SET until_ms = $1', [aheadMs])
  const restarted = await lease(pool)
  const drawn = Array.from({ length: 5_000 }, () => restarted.next())
  expect(drawn[0]).toBeGreaterThanOrEqual(firstSmsIdAt(aheadMs))
  expect(new Set(drawn).size).toBe(5_000)
})

test('a block that cannot be extended ends, and requests for more are answered "try again"', async () => {
  const pool = await freshDatabase()
  const ids = await lease(pool, { renewMs: 600_000, blockMs: 10 })
  const drawAll = (): void => {
    for (let n = 0; n < 10 * 128 + 1; n++) ids.next()
  }
  expect(drawAll).toThrow(expect.objectContaining({ code: 'unavailable' }))
})

test('references are never the same, however many are drawn at once', async () => {
  const pool = await freshDatabase()
  const drawn = await Promise.all(Array.from({ length: 400 }, () => drawReference(pool)))
  expect(new Set(drawn).size).toBe(400)
  expect(drawn.every((id) => slotOf(id) === 63)).toBe(true)
})

test('two APIs on one database: distinct slots, and no id twice', async () => {
  const pool = await freshDatabase()
  await createCustomer(pool, { customerId: 'c', name: 'c', currency: 'IRR' })
  await topUp(pool, 'c', 100_000)
  const { key } = await issueKey(pool, 'c')
  const urls = await Promise.all([1, 2].map(() => startApi(pool)))
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ to: '+989121234567', text: 'x' })
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      const answer = await fetch(`${urls[n % 2]}/v1/messages`, { method: 'POST', headers, body })
      return (await answer.json()) as { sms_id: number }
    }),
  )
  const ids = answers.map(({ sms_id }) => sms_id)
  expect(new Set(ids).size).toBe(300)
  expect(new Set(ids.map(slotOf)).size).toBe(2)
})

test.each([600_000, -600_000])(
  'an API whose clock is %d ms off reckons times to send and validities right',
  async (offMs) => {
    const pool = await freshDatabase()
    await createCustomer(pool, { customerId: 'c', name: 'c', currency: 'IRR' })
    await topUp(pool, 'c', 100_000)
    const { key } = await issueKey(pool, 'c')
    const trueMs = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => trueMs() + offMs)
    const url = await startApi(pool)
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const message = (fields: object) => ({ to: '+989121234567', text: 'x', ...fields })
    const sendAt = (inMs: number) => message({ send_at: new Date(trueMs() + inMs).toISOString() })
    for (const path of ['/v1/messages', '/v1/messages/quote']) {
      expect(await (await post(path, sendAt(-1_000))).json(), path).toMatchObject({ code: 'invalid-time' })
      expect((await post(path, sendAt(300_000))).ok, path).toBe(true)
    }
    await post('/v1/messages', message({ valid_for: 600 }))
    await post('/v1/messages/batch', { messages: [message({ valid_for: 600 })] })
    const { rows } = await pool.query<{ valid_ms: number }>(
      `SELECT (extract(epoch FROM valid_until - accepted_at) * 1000)::float8 AS valid_ms FROM messages
     WHERE valid_until IS NOT NULL`,
    )
    expect(rows).toHaveLength(2)
    for (const { valid_ms: validMs } of rows) expect(Math.abs(validMs - 600_000)).toBeLessThan(120_000)
  },
)

async function startApi(pool: Pool): Promise<string> {
  const service = new ApiService({
    settings: readSettings(apiSettings, { PORT: '0', HOST: '127.0.0.1' }),
    pool,
    operators: fixedOperators(simulatorFor('98', 1)),
    portability: { networksOf: async () => new Map(), stop: async () => {} },
    disk: { lowFolder: null },
    health: new Health(),
    metrics: new Metrics(),
    log,
    accepted: () => {},
  })
  await service.start()
  onTestFinished(() => service.stop())
  return service.url
}
