import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { applyMigrations } from '../../src/analytics/apply-migrations.ts'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { ensureKafkaTables, GATEWAY_GROUPS } from '../../src/analytics/kafka-tables.ts'
import { readIngestionFaults } from '../../src/analytics/read-ingestion-faults.ts'
import { createClickHouse, ensureDatabase } from '../../src/clickhouse/clickhouse-client.ts'
import { ClickHouseServer } from '../../src/embedded/clickhouse/clickhouse-server.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { GROUPS } from '../../src/events/topics.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { describeTopics } from '../../src/kafka/admin/describe-topics.ts'
import { committedOffsets } from '../../src/kafka/admin/read-groups.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { retryCall } from '../../src/kafka/cluster/retry-call.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { kafkaSecurity } from '../../src/process/kafka-security.ts'
import { gatewaySettings } from '../../src/process/settings.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { accessByRole } from '../../src/tools/deploy/access-by-role.ts'
import { eventually } from '../servers/eventually.ts'
import { silent } from '../servers/silent-progress.ts'
import { grant, type SecureBroker, startSecureBroker } from './secure-broker.ts'

const TOPICS = ['sms.accepted', 'sms.delivery', 'sms.status', 'sms.dlq']
const ACCOUNTS = {
  'smsgw-relay': 'secret-of-relay',
  'smsgw-worker': 'secret-of-worker',
  'smsgw-analytics': 'secret-of-analytics',
}

const { path: folder, remove } = temporaryFolder('smsgw-secure')
let broker: SecureBroker

beforeAll(async () => {
  broker = await startSecureBroker(folder, join(import.meta.dirname, '../../.smsgw/cache'), ACCOUNTS)
  const inside = new Cluster({ brokers: [broker.insideAddress], clientId: 'administrator' })
  try {
    await retryCall(() => inside.refresh(), 60_000)
    await createTopics(
      inside,
      TOPICS.map((name) => ({ name, partitions: 1, replicationFactor: 1 })),
    )
    for (const account of Object.keys(ACCOUNTS)) await grant(inside, account, accessByRole().get(account)!)
  } finally {
    await inside.close()
  }
})

afterAll(async () => {
  await broker?.stop()
  await remove()
})

/** A cluster as a process sees it whose environment says so. */
function clusterAs(account: string, password: string, more: Record<string, string> = {}): Cluster {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, `${password}\n`)
  const settings = readSettings(gatewaySettings, {
    KAFKA_TLS: 'on',
    KAFKA_TLS_CA_FILE: broker.caFile,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: account,
    KAFKA_SASL_PASSWORD_FILE: passwordFile,
    ...more,
  })
  const cluster = new Cluster({ brokers: [broker.address], clientId: account, ...kafkaSecurity(settings) })
  onTestFinished(() => cluster.close())
  return cluster
}

async function write(cluster: Cluster, topic: string): Promise<number> {
  const producer = new Producer(cluster)
  onTestFinished(() => producer.close())
  await producer.start([topic])
  return (await producer.send({ topic, key: 'k', value: 'v' })).offset
}

test('a role logs in over TLS, and does what it has to and nothing else', async () => {
  const relay = clusterAs('smsgw-relay', ACCOUNTS['smsgw-relay'])
  expect(await write(relay, 'sms.accepted')).toBe(0)
  expect([...(await describeTopics(relay, TOPICS)).keys()]).toEqual(TOPICS)
  const looking = relay.connections()
  onTestFinished(() => looking.close())
  // What only its reconciler reads.
  const watched = [GROUPS.delivery, GROUPS.status]
  expect(await retryCall(() => committedOffsets(relay, looking, watched))).toEqual([])
  await expect(committedOffsets(relay, looking, ['smsgw-webhooks'])).rejects.toThrow('GROUP_AUTHORIZATION_FAILED')

  const worker = clusterAs('smsgw-worker', ACCOUNTS['smsgw-worker'])
  expect(await write(worker, 'sms.status')).toBe(0)
  await expect(write(worker, 'sms.accepted')).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED')
  const connections = worker.connections()
  onTestFinished(() => connections.close())
  await expect(committedOffsets(worker, connections, ['smsgw-status'])).rejects.toThrow('GROUP_AUTHORIZATION_FAILED')
})

test('a wrong password is refused, and so is a broker with an untrusted certificate', async () => {
  await expect(clusterAs('smsgw-relay', 'wrong').refresh()).rejects.toThrow('no Kafka broker answers')
  const stranger = clusterAs('smsgw-relay', ACCOUNTS['smsgw-relay'], { KAFKA_TLS_CA_FILE: '' })
  await expect(stranger.refresh()).rejects.toThrow('no Kafka broker answers')
})

/** The embedded engine is built without TLS and SASL; that it says so is how a server that is set up wrongly shows. */
test('what keeps ClickHouse from logging in is reported, by the table', async () => {
  const server = await ClickHouseServer.start(join(folder, 'clickhouse'), silent)
  onTestFinished(() => server.stop())
  const settings = { ...readSettings(analyticsSettings, {}), CLICKHOUSE_URL: server.url }
  await ensureDatabase(settings)
  const client = createClickHouse(settings)
  onTestFinished(() => client.close())
  await applyMigrations(client)
  expect(await readIngestionFaults(client, 30)).toEqual([])
  const account = {
    mechanism: 'SCRAM-SHA-512',
    username: 'smsgw-analytics',
    password: ACCOUNTS['smsgw-analytics'],
  } as const
  await ensureKafkaTables(client, {
    brokers: broker.address,
    login: { isEncrypted: true, account },
    consumers: 1,
    flush: 'fast',
    topics: { accepted: 'sms.accepted', status: 'sms.status' },
    blockRows: 65_536,
    groups: GATEWAY_GROUPS,
  })
  const faults = await eventually(
    '2 tables report a fault',
    () => readIngestionFaults(client, 30),
    (found) => found.length === 2,
  )
  expect(faults.map(({ table }) => table)).toEqual(['kafka_accepted', 'kafka_statuses'])
  for (const { error } of faults) expect(error).toMatch(/No provider for SASL mechanism SCRAM-SHA-512.*PLAIN$/)
})
