import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { dropOldEvents, exhaustOldEvents, markFullBacklogs } from '../../src/webhooks/backlog-statements.ts'
import { discardBacklog, retryBacklog } from '../../src/webhooks/change-backlog.ts'
import { deleteEndpoint, disableEndpoint, enableEndpoint } from '../../src/webhooks/change-endpoints.ts'
import { noteFailure } from '../../src/webhooks/endpoint-health.ts'
import { createEndpoint, listEndpoints } from '../../src/webhooks/endpoints.ts'
import { listBacklogs } from '../../src/webhooks/list-backlogs.ts'
import { countRetries } from '../../src/webhooks/store-retries.ts'
import { eventually } from '../gateway/eventually.ts'
import { runSmsgw } from '../run-command-line.ts'
import {
  addCustomer,
  customerWith,
  dispatcher,
  receiver,
  record,
  records,
  retryRows,
  storeEvents,
  untilEmpty,
} from '../servers/webhook-dispatcher.ts'

test('C23: a disabled endpoint gets nothing more; its backlog is kept, resumed in full, or discarded', async () => {
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
  expect((await listEndpoints(pool, { rowsMax: 10 }))[0]).toMatchObject({ disabled_reason: 'by a test' })
  await enableEndpoint(pool, id)
  await untilEmpty(pool)
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
  expect(await listEndpoints(pool, { rowsMax: 10 })).toEqual([])
  await expect(enableEndpoint(pool, id)).rejects.toThrow('there is no endpoint')
})

test('an event whose attempts are used up is exhausted: kept, counted, and tried again when asked for', async () => {
  let status = 500
  const { url } = await receiver((_all, response) => response.writeHead(status).end())
  const { pool, id } = await customerWith(url)
  await storeEvents(pool, id, 1)
  await pool.query('UPDATE webhook_retries SET attempts = 9')
  const { retries, outcomes } = dispatcher(pool)
  retries.start()
  await untilEmpty(pool)
  expect(await retryRows(pool)).toEqual([{ attempts: 10, last_error: 'status 500', exhausted: true }])
  expect(outcomes).toMatchObject({ failed: 1, exhausted: 1 })
  status = 204
  expect(await retryBacklog(pool, id)).toBe(1)
  await eventually(
    'no event is kept',
    () => retryRows(pool),
    (rows) => rows.length === 0,
  )
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
  expect((await listEndpoints(pool, { rowsMax: 10 }))[0]!.disabled_reason).toMatch(/^has failed since 20\d\d-/)
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
