import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { AuditEntry } from '../../src/audit/audit-entry.ts'
import { listAuditFiles } from '../../src/audit/audit-files.ts'
import { verifyAuditLog } from '../../src/audit/verify-log.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { kafkaOf, type ServersFile } from '../../src/process/servers/servers-file.ts'
import { startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { WebhookSink } from '../gateway/peers/webhook-sink.ts'
import { readEntries } from '../gateway/read-entries.ts'
import { runSmsgw } from '../run-command-line.ts'

const MESSAGES = 200
const BALANCE = 100_000_000_000
const COST = 100

async function readTrail(folder: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  for (const file of listAuditFiles(folder)) for await (const entry of readEntries(file)) entries.push(entry)
  return entries
}

/** How many messages are in each state, and how many dead letters. */
async function counts(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ what: string; n: number }>(
    `SELECT status AS what, count(*) AS n FROM message_states WHERE customer_id = 'bench-0' GROUP BY status
     UNION ALL SELECT state || ' dead letters', count(*) FROM dead_letters GROUP BY state`,
  )
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]))
}

test('messages whose refusals were used up are redriven until all are delivered, each once, and paid for once', async () => {
  const sink = new WebhookSink()
  const webhooks = { customers: 1, url: await sink.start() }
  const env = { SIMULATOR_TEMPORARY_SHARE: '0.75', DELIVERY_RETRY_MS_FIRST: '20' }
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({ brokers: 1, customers: 1, webhooks, env })
  const { api, database } = gateway.servers
  vi.stubEnv('DATABASE_URL', database)
  // Chance decides how often the operator refuses; no message is to be given up for that.
  vi.stubEnv('DLQ_REDRIVES_MAX', '100')
  try {
    const load = { api, apiKeys, ratePerSecond: 200, seconds: 1, connections: 8, phones: 1_000 }
    await postOpenLoop({ ...load, idempotency: null })
    const settled = (seen: Record<string, number>): boolean =>
      (seen.delivered ?? 0) + (seen.failed ?? 0) === MESSAGES && (seen['open dead letters'] ?? 0) === (seen.failed ?? 0)
    const first = await eventually(
      'every message is final and every failed one has a dead letter',
      () => counts(pool),
      settled,
    )
    expect(settled(first), JSON.stringify(first)).toBe(true)
    expect(first.failed).toBeGreaterThan(0)

    const preview = await runSmsgw('dlq', 'redrive', '--reason', 'attempts-exhausted')
    expect(preview.stderr).toContain(`would redrive ${first.failed}. Add --yes`)
    expect(await counts(pool)).toEqual(first)

    let seen = first
    let rounds = 0
    for (; (seen.failed ?? 0) > 0 && rounds < 30; rounds++) {
      const { code, stdout } = await runSmsgw('dlq', 'redrive', '--all', '--yes', '--by', 'alice', '--json')
      expect(JSON.parse(stdout)).toMatchObject({ executed: true, done: seen.failed, refused: 0 })
      expect(code).toBe(0)
      seen = await eventually(
        'every message is final and every failed one has a dead letter',
        () => counts(pool),
        settled,
      )
    }
    expect(seen.delivered).toBe(MESSAGES)
    const { rows: counted } = await pool.query<{ most: number; letters: number }>(
      'SELECT max(redrives) AS most, count(*) AS count FROM dead_letters',
    )
    expect(counted).toEqual([{ most: rounds, count: seen['redriven dead letters'] }])

    const ledger = readFileSync(join(gateway.dataFolder, 'simulator', 'ledger.ndjson'), 'utf8')
      .trim()
      .split('\n')
    const taken = ledger
      .map((line) => JSON.parse(line) as { kind: string; ref: string; result: string })
      .filter(({ kind, result }) => kind === 'submit' && result === 'taken')
      .map(({ ref }) => ref.split('.')[0])
    expect(new Set(taken).size).toBe(taken.length)
    const { rows } = await pool.query(
      `SELECT balance, reserved, (SELECT sum(balance)::bigint FROM ledger WHERE customer_id = 'bench-0') AS entries
       FROM balances WHERE customer_id = 'bench-0'`,
    )
    const left = BALANCE - MESSAGES * COST
    expect(rows).toEqual([{ balance: left, reserved: 0, entries: left }])

    const reported = await eventually(
      'every delivered message has its webhook',
      () => [...sink.events.values()].filter(({ status }) => status === 'delivered').length,
      (delivered) => delivered === MESSAGES,
    )
    expect(reported).toBe(MESSAGES)
    await useAdminApi(gateway.servers)
    const audit = join(gateway.dataFolder, 'audit')
    const trail = await eventually(
      'the audit log names bob',
      () => readTrail(audit),
      (entries) => entries.some(({ by }) => by === 'bob'),
    )
    expect(trail).toContainEqual(expect.objectContaining({ type: 'dlq.redriven', by: 'alice' }))
    await stop()
    expect((await verifyAuditLog(audit)).fault).toBeNull()
  } finally {
    vi.unstubAllEnvs()
    await stop()
    await sink.stop()
  }
})

/** The messages of the commands for a dead letter that does not fit its topic. */
async function useCommands(id: string): Promise<void> {
  expect((await runSmsgw('dlq', 'list', '--reason', 'schema')).stdout).toContain(`${id} `)
  expect(JSON.parse((await runSmsgw('dlq', 'show', id, '--json')).stdout)).toMatchObject({ id, value: { sms_id: 7 } })
  const edit = await runSmsgw('dlq', 'edit', id, '--set', 'status=lost', '--by', 'bob', '--revision', '0')
  expect(edit).toMatchObject({ code: 1, stdout: '' })
  expect(edit.stderr).toMatch(/was not changed[\s\S]*\/event_id is required/)
  const unknown = await runSmsgw('dlq', 'redrive', '9-123456', '--by', 'bob')
  expect(unknown).toMatchObject({ code: 1, stdout: 'redriven: 0, refused: 1\n' })
  expect(unknown.stderr).toContain('`smsgw dlq list --state all`')
  expect((await runSmsgw('dlq', 'redrive')).stderr).toContain('Name the dead letters')
}

interface AdminAnswer {
  readonly letters: { id: string }[]
  readonly refusals: { why: string }[]
  readonly errors: { pointer: string }[]
}

/** The same over HTTP: impossible changes are refused, and the response has the result. */
async function useAdminApi(servers: ServersFile): Promise<void> {
  const { admin } = servers
  const cluster = new Cluster({ ...kafkaOf(servers), clientId: 'test' })
  const producer = new Producer(cluster)
  const call = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const all = {
      authorization: `Bearer ${servers.admin_token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...headers,
    }
    const response = await fetch(`${admin}/v1/dead-letters${path}`, {
      method,
      headers: all,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return { status: response.status, answer: (await response.json()) as AdminAnswer }
  }
  try {
    await producer.start([TOPICS.status])
    await producer.send({ topic: TOPICS.status, key: '7', value: '{"sms_id":7}', headers: [['ce_id', 'id-7']] })
    const { answer } = await eventually(
      'the dead letter is listed',
      () => call('GET', '?reason=schema&state=all'),
      ({ answer: { letters } }) => letters.length > 0,
    )
    const { id } = answer.letters[0]!
    const by = { 'x-smsgw-by': 'bob' }
    expect(await call('POST', '/redrive', { ids: [id] })).toMatchObject({ status: 400 })
    expect(await call('POST', '/redrive', { filter: { custmer: 'x' } }, by)).toMatchObject({ status: 400 })
    expect(await call('GET', '/9-123456')).toMatchObject({ status: 404 })
    const early = await call('POST', '/redrive', { ids: [id] }, by)
    expect(early.answer).toMatchObject({ done: 0, refused: 1 })
    expect(early.answer.refusals[0]!.why).toContain(`smsgw dlq edit ${id}`)
    const broken = await call('PUT', `/${id}/value`, { value: { sms_id: 7, status: 'lost' } }, by)
    expect(broken.status).toBe(400)
    expect(broken.answer.errors.map(({ pointer }) => pointer)).toContain('/event_id')
    await useCommands(id)
    expect(await call('POST', '/discard', { ids: [id], note: 'a test' }, by)).toMatchObject({ answer: { done: 1 } })
    const shown = await call('GET', `/${id}`)
    expect(shown.answer).toMatchObject({ state: 'discarded', actions: [{ by: 'bob', note: 'a test' }] })
  } finally {
    await producer.close()
    await cluster.close()
  }
}
