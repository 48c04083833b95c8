import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCustomer, issueKey, topUp } from '../../src/accounts/accounts.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { GROUPS, TOPICS } from '../../src/events/topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { COMMIT_LOSS } from '../../src/kafka/consumer/consumer-options.ts'
import { createPool, type Pool } from '../../src/postgres/pool.ts'
import {
  type EmbeddedServers,
  environmentOf,
  startEmbeddedServers,
} from '../../src/process/servers/embedded-servers.ts'
import { eventually } from '../gateway/eventually.ts'
import { type LoadResult, postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { readLag } from '../gateway/read-lag.ts'
import { silent } from '../gateway/silent-progress.ts'
import { loseRecords } from '../servers/lose-records.ts'
import { RoleProcesses } from '../servers/role-processes.ts'
import { unflaggedDuplicates } from './compare-sources.ts'

const { path: folder, remove } = temporaryFolder('smsgw-lost')
const ledger = join(folder, 'ledger.ndjson')
let servers: EmbeddedServers
let processes: RoleProcesses
let pool: Pool
let cluster: Cluster
let api: string
let simulatorPort: string

beforeAll(async () => {
  servers = await startEmbeddedServers({
    folder,
    cacheFolder: join(import.meta.dirname, '../../.smsgw/cache'),
    brokers: 1,
    // Nothing here reads it.
    given: { kafka: '', database: '', clickhouse: 'http://127.0.0.1:1' },
    progress: silent,
  })
  const port = String(await freePort())
  api = `http://127.0.0.1:${port}`
  simulatorPort = String(await freePort())
  processes = new RoleProcesses({
    ...environmentOf(servers),
    SIMULATOR_ADDRESS: `127.0.0.1:${simulatorPort}`,
    RECONCILE_PERIOD_MS: '500',
    RECONCILE_AFTER_MS: '1500',
    RECONCILE_STUCK_AFTER_MS: '4000',
  })
  await processes.start('front', ['run', 'api', 'relay'], { PORT: port, HOST: '127.0.0.1' })
  await Promise.all([
    startSimulator({}),
    processes.start('worker', ['run', 'worker']),
    processes.start('status', ['run', 'status']),
  ])
  pool = createPool({ url: servers.addresses.database, applicationName: 'test', connectionsMax: 4 })
  cluster = new Cluster({ brokers: servers.addresses.kafka.split(','), ...servers.kafkaLogin, clientId: 'test' })
})

afterAll(async () => {
  await processes?.stopAll()
  await cluster?.close()
  await pool?.end()
  await servers?.stop()
  await remove()
})

test('tasks that no worker has read are lost under load: every message is delivered, none twice', async () => {
  const load = post('tasks', 150, 8)
  await eventually(
    '100 messages are delivered',
    () => countOf('tasks', "status = 'delivered'"),
    (delivered) => delivered > 100,
  )
  await processes.stop('worker')
  const before = await republished('tasks')
  await eventually(
    '300 messages have no status',
    () => countOf('tasks', 'status IS NULL'),
    (unheard) => unheard > 300,
  )
  await loseRecords(cluster, TOPICS.delivery)
  await processes.start('worker', ['run', 'worker'])
  const { accepted } = await load
  expect(accepted).toHaveLength(1_200)
  await expectDelivered('tasks', 1_200)
  expect(before).toBe(0)
  expect(await republished('tasks')).toBeGreaterThan(200)
  expect(await unflaggedDuplicates(pool, ledger)).toEqual([])
  expect(await takenTwice()).toBe(0)
})

test('a backlog is no loss: while the worker is down nothing is published again', async () => {
  await processes.stop('worker')
  const { accepted } = await post('backlog', 300, 1)
  const roundsBefore = await processes.metric('front', 'smsgw_reconciler_rounds_total')
  const enough = await eventually(
    '10 more rounds of the reconciler',
    () => processes.metric('front', 'smsgw_reconciler_rounds_total'),
    (rounds) => rounds >= roundsBefore + 10,
  )
  expect(enough).toBeGreaterThanOrEqual(roundsBefore + 10)
  expect(await countOf('backlog', 'status IS NULL')).toBe(accepted.length)
  await processes.start('worker', ['run', 'worker'])
  await expectDelivered('backlog', 300)
  expect(await republished('backlog')).toBe(0)
})

test('statuses that no updater has read are lost, receipts among them: every message is delivered, none twice', async () => {
  await processes.stop('status')
  const { accepted } = await post('statuses', 300, 1)
  const sent = async (): Promise<number> => {
    const { rows } = await pool.query<{ sent: number }>(
      `SELECT count(*) AS sent FROM attempts JOIN messages USING (sms_id)
       WHERE customer_id = 'statuses' AND outcome = 'sent'`,
    )
    return rows[0]!.sent
  }
  const thanked = async (): Promise<number> => {
    const { rows } = await pool.query<{ thanked: number }>(
      `SELECT count(*) AS thanked FROM attempts JOIN messages USING (sms_id)
       WHERE customer_id = 'statuses' AND receipt_status IS NOT NULL`,
    )
    return rows[0]!.thanked
  }
  expect(await eventually('every message is sent', sent, (count) => count === accepted.length)).toBe(300)
  // The operator was thanked for every receipt: only PostgreSQL still knows of them.
  expect(await eventually('every receipt is acknowledged', thanked, (count) => count === accepted.length)).toBe(300)
  const ends = await loseRecords(cluster, TOPICS.status)
  expect(ends.reduce((sum, end) => sum + end, 0)).toBeGreaterThan(300)
  await processes.start('status', ['run', 'status'])
  await expectDelivered('statuses', 300)
  expect(await republished('statuses')).toBeGreaterThan(0)
  expect(await takenTwice()).toBe(0)
})

test('DELIVERY_COMMIT=enqueue: the worker warns, a crash loses what it had buffered, and the reconciler brings that back', async () => {
  await processes.stop('worker')
  await processes.stop('simulator')
  await startSimulator({ SIMULATOR_LATENCY_MS: '3000' })
  await processes.start('worker', ['run', 'worker'], { DELIVERY_COMMIT: 'enqueue' })
  expect(processes.log('worker').join('\n')).toContain(COMMIT_LOSS.enqueue)
  const { accepted } = await post('enqueue', 300, 2)
  const connections = cluster.connections()
  const lagOf = async (): Promise<number> =>
    (await readLag(cluster, connections, GROUPS.delivery)).reduce((sum, { lag }) => sum + lag, 0)
  const published = (): Promise<number> =>
    pool.query<{ rows: number }>('SELECT count(*) AS rows FROM outbox').then(({ rows }) => rows[0]!.rows)
  await eventually(
    'every task is published, and its offset committed',
    async () => (await published()) + (await lagOf()),
    (left) => left === 0,
    60_000,
  )
  await connections.close()
  const unfinished = await countOf('enqueue', "status IS DISTINCT FROM 'delivered'")
  await processes.kill('worker')
  expect(unfinished).toBeGreaterThan(100)
  await processes.stop('simulator')
  await startSimulator({})
  await processes.start('worker', ['run', 'worker'])
  await expectDelivered('enqueue', accepted.length)
  expect(await republished('enqueue')).toBeGreaterThan(0)
  expect(await unflaggedDuplicates(pool, ledger)).toEqual([])
})

function startSimulator(env: NodeJS.ProcessEnv): Promise<void> {
  return processes.start('simulator', ['smsc'], {
    SIMULATOR_PORT: simulatorPort,
    SIMULATOR_LEDGER: ledger,
    ...env,
  })
}

/** Posts for a customer of that name. All its tasks are in one partition, so that the others stay empty. */
async function post(customerId: string, ratePerSecond: number, seconds: number): Promise<LoadResult> {
  await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
  await topUp(pool, customerId, 1_000_000)
  const { key } = await issueKey(pool, customerId)
  return postOpenLoop({
    api,
    apiKeys: [key],
    ratePerSecond,
    seconds,
    connections: 16,
    idempotency: customerId,
    phones: 100_000,
  })
}

async function expectDelivered(customerId: string, messages: number): Promise<void> {
  const delivered = await eventually(
    `${messages} messages of ${customerId} are delivered`,
    () => countOf(customerId, "status = 'delivered'"),
    (count) => count === messages,
    90_000,
  )
  expect(delivered).toBe(messages)
}

async function countOf(customerId: string, condition: string): Promise<number> {
  const { rows } = await pool.query<{ messages: number }>(
    `SELECT count(*) AS messages FROM messages AS m LEFT JOIN message_states AS s USING (sms_id)
     WHERE m.customer_id = $1 AND ${condition}`,
    [customerId],
  )
  return rows[0]!.messages
}

async function republished(customerId: string): Promise<number> {
  const { rows } = await pool.query<{ messages: number }>(
    'SELECT count(*) AS messages FROM republications JOIN messages USING (sms_id) WHERE customer_id = $1',
    [customerId],
  )
  return rows[0]!.messages
}

/** Attempts that the operator may have taken, beyond the first of each message. */
async function takenTwice(): Promise<number> {
  const { rows } = await pool.query<{ again: number }>(
    "SELECT count(*) - count(DISTINCT sms_id) AS again FROM attempts WHERE outcome IN ('sent', 'ambiguous')",
  )
  return rows[0]!.again
}
