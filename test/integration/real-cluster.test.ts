import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postOpenLoop } from '../../bench/load/post-open-loop.ts'
import { createCustomer, issueKey, topUp } from '../../src/accounts/accounts.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { createPool, type Pool } from '../../src/postgres/pool.ts'
import {
  type EmbeddedServers,
  environmentOf,
  startEmbeddedServers,
} from '../../src/process/servers/embedded-servers.ts'
import type { Finding } from '../../src/tools/doctor/finding.ts'
import { eventually } from '../servers/eventually.ts'
import { readLag } from '../servers/read-lag.ts'
import { silent } from '../servers/silent-progress.ts'
import { unflaggedDuplicates } from './compare-sources.ts'

const ROOT = join(import.meta.dirname, '../..')
const MESSAGES = 1_000
/** Enough that both workers have some of them. */
const CUSTOMERS = 20

const { path: folder, remove } = temporaryFolder('smsgw-cluster')
const ledger = join(folder, 'ledger.ndjson')
const processes = new Map<string, { child: ChildProcess; admin: number; exited: Promise<number | null> }>()
let servers: EmbeddedServers
let pool: Pool
let api: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  servers = await startEmbeddedServers({
    folder,
    cacheFolder: join(ROOT, '.smsgw/cache'),
    brokers: 3,
    given: { kafka: '', database: '', clickhouse: '' },
    progress: silent,
  })
  const [apiPort, simulatorPort] = [await freePort(), await freePort()]
  api = `http://127.0.0.1:${apiPort}`
  env = {
    ...process.env,
    ...environmentOf(servers),
    SIMULATOR_ADDRESS: `127.0.0.1:${simulatorPort}`,
    AUDIT_FOLDER: join(folder, 'audit'),
    // Receipts that overtake their answers are not lost with a worker either, though no watch waits for them.
    SIMULATOR_RECEIPT_EARLY_SHARE: '0.5',
    RECEIPT_WATCH_AFTER_MS: '600000',
  }
  start('simulator', ['smsc'], { SIMULATOR_PORT: String(simulatorPort), SIMULATOR_LEDGER: ledger })
  for (const role of ['relay', 'status', 'webhooks', 'analytics', 'audit', 'monitor']) await startRole(role, role)
  await startRole('worker-1', 'worker')
  await startRole('worker-2', 'worker')
  await startRole('api', 'api', { PORT: String(apiPort), HOST: '127.0.0.1' })
  await Promise.all([...processes].filter(([name]) => name !== 'simulator').map(([name]) => untilReady(name)))
  pool = createPool({ url: servers.addresses.database, applicationName: 'test', connectionsMax: 4 })
})

afterAll(async () => {
  await Promise.all([...processes.keys()].map(stop))
  await pool?.end()
  await servers?.stop()
  await remove()
})

test('doctor finds nothing on three brokers that run here, when all roles have started', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'src/main.ts'), 'doctor', '--json'], {
    env,
    timeout: 120_000,
  }).catch((failed: { stdout: string }) => failed)
  const findings = JSON.parse(stdout) as Finding[]
  expect(new Set(findings.map(({ of }) => of)).has('kafka 3')).toBe(true)
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
})

test('on three brokers, with every role a process of its own: one of two workers dies, and nothing is lost', async () => {
  const apiKeys: string[] = []
  for (let index = 0; index < CUSTOMERS; index++) {
    const customerId = `cluster-${index}`
    await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
    await topUp(pool, customerId, 1_000_000)
    apiKeys.push((await issueKey(pool, customerId)).key)
  }
  const load = postOpenLoop({
    api,
    apiKeys,
    ratePerSecond: 100,
    seconds: MESSAGES / 100,
    connections: 16,
    idempotency: 'cluster',
    phones: 100_000,
  })
  await eventually(
    'a quarter of the messages is delivered',
    () => count('delivered'),
    (delivered) => delivered > MESSAGES / 4,
  )
  expect(await readyOf('worker-1')).toBe(true)
  // The second has its share when the first has released it.
  for (const worker of ['worker-1', 'worker-2']) {
    const hasSome = (partitions: number): boolean => partitions > 0
    expect(await eventually(`${worker} has partitions`, () => assignedPartitions(worker), hasSome)).toBeGreaterThan(0)
  }
  const shared = await count('delivered')
  await eventually(
    'a fifth more of the messages is delivered',
    () => count('delivered'),
    (delivered) => delivered > shared + MESSAGES / 5,
  )
  processes.get('worker-1')!.child.kill('SIGKILL')

  expect((await load).accepted).toHaveLength(MESSAGES)
  expect(
    await eventually(
      'every message is delivered',
      () => count('delivered'),
      (delivered) => delivered === MESSAGES,
      120_000,
    ),
  ).toBe(MESSAGES)
  expect(await unflaggedDuplicates(pool, ledger)).toEqual([])
  expect(
    await eventually(
      'worker-2 has all 50 partitions',
      () => assignedPartitions('worker-2'),
      (partitions) => partitions === 50,
    ),
  ).toBe(50)
})

test('the topics are as declared: replication factor 3, two in sync, and every group catches up', async () => {
  const cluster = new Cluster({ brokers: servers.addresses.kafka.split(','), ...servers.kafkaLogin, clientId: 'test' })
  const connections = cluster.connections()
  try {
    await cluster.watch(['sms.accepted', 'sms.delivery', 'sms.status', 'sms.dlq'])
    const partitions = ['sms.accepted', 'sms.delivery', 'sms.status', 'sms.dlq'].map(
      (name) => cluster.topic(name)!.partitions,
    )
    expect(partitions.map(({ length }) => length)).toEqual([30, 50, 30, 10])
    expect(partitions.flat().every(({ replicas }) => replicas.length === 3)).toBe(true)
    const lags = await eventually(
      'every lag is 0',
      () => readLag(cluster, connections),
      (found) => found.every(({ lag }) => lag === 0),
    )
    expect(lags.filter(({ lag }) => lag > 0)).toEqual([])
    expect(new Set(lags.map(({ group }) => group))).toEqual(
      new Set([
        'clickhouse_ingestion',
        'clickhouse_ingestion_status',
        'delivery-worker-group',
        'smsgw-audit',
        'smsgw-status',
        'smsgw-webhooks',
      ]),
    )
  } finally {
    await cluster.close()
  }
})

test('SIGTERM drains: every role ends by itself, with code 0', async () => {
  const alive = [...processes.keys()].filter((name) => name !== 'worker-1')
  expect(await Promise.all(alive.map(stop))).toEqual(alive.map(() => 0))
})

async function startRole(name: string, role: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
  const admin = await freePort()
  start(name, ['run', role], { ADMIN_PORT: String(admin), ...more }, admin)
}

function start(name: string, args: readonly string[], more: NodeJS.ProcessEnv, admin = 0): void {
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), ...args], {
    cwd: ROOT,
    env: { ...env, ...more },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  processes.set(name, { child, admin, exited })
}

function stop(name: string): Promise<number | null> {
  const { child, exited } = processes.get(name)!
  if (child.exitCode === null) child.kill('SIGTERM')
  return exited
}

async function readyOf(name: string): Promise<boolean> {
  const { admin } = processes.get(name)!
  return await fetch(`http://127.0.0.1:${admin}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function untilReady(name: string): Promise<void> {
  await eventually(
    `${name} is ready`,
    () => readyOf(name),
    (isReady) => isReady,
    90_000,
  )
}

async function assignedPartitions(name: string): Promise<number> {
  const { admin } = processes.get(name)!
  const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()
  const line = metrics.split('\n').find((each) => each.startsWith('smsgw_consumer_partitions{'))
  return Number(line?.split(' ').at(-1))
}

async function count(status: string): Promise<number> {
  const { rows } = await pool.query<{ messages: number }>(
    "SELECT count(*) AS messages FROM message_states WHERE customer_id LIKE 'cluster-%' AND status = $1",
    [status],
  )
  return rows[0]!.messages
}
