import { randomUUID } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { consumerGroupHeartbeatV0, deleteTopicsV6, offsetCommitV9 } from '@platformatic/kafka'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { commitOffsets } from '../../src/kafka/admin/commit-offsets.ts'
import { callBroker } from '../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { findCoordinators } from '../../src/kafka/cluster/find-coordinators.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import { DONE, retryAt } from '../../src/kafka/consumer/outcome.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { monitorSettings } from '../../src/monitor/lag/config.ts'
import { LagHistory } from '../../src/monitor/lag/lag-history.ts'
import { LagMonitor } from '../../src/monitor/lag/lag-monitor.ts'
import { lagLevel } from '../../src/monitor/lag/lag-rules.ts'
import type { LagSummary } from '../../src/monitor/lag/lag-summary.ts'
import { sampleLag } from '../../src/monitor/lag/read-lag.ts'
import { readProducedMs, recallAges } from '../../src/monitor/lag/recall-ages.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { readLag } from '../gateway/read-lag.ts'
import { runSmsgw } from '../run-command-line.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { javaTool } from '../servers/java-tool.ts'

async function fill(cluster: Cluster, topic: string, records: number): Promise<void> {
  const producer = new Producer(cluster)
  await producer.start([topic])
  await Promise.all(
    Array.from({ length: records }, (_, n) => producer.send({ topic, key: `k${n % 40}`, value: `${n}` })),
  )
  await producer.close()
}

/** Reads a topic and gets no further in any partition than `perPartition` records; returns when that is committed. */
async function readSome(cluster: Cluster, topic: string, group: string, perPartition: number): Promise<Consumer> {
  const consumer = new Consumer(
    cluster,
    consumerOptions({ groupId: group, topics: [topic] }),
    inLanes({
      handle: async ({ offset }) => (offset < perPartition ? DONE : retryAt(Date.now() + 60_000)),
      concurrencyMax: 1_000,
    }),
  )
  onTestFinished(() => consumer.stop())
  await consumer.start()
  const connections = cluster.connections()
  await eventually(
    'the group has committed all records',
    () => readLag(cluster, connections, group),
    (lags) => lags.length > 0 && lags.every(({ currentOffset }) => currentOffset === perPartition),
  )
  await connections.close()
  return consumer
}

/** The metrics of a monitor that runs until the test ends. */
async function monitorMetrics(): Promise<Metrics> {
  const metrics = new Metrics()
  const settings = { ...readSettings(monitorSettings, {}), LAG_SAMPLE_MS: 500 }
  const monitor = new LagMonitor({
    settings,
    cluster: testCluster(),
    health: new Health(),
    metrics,
    log: createLog('test', 'fatal'),
  })
  await monitor.start()
  onTestFinished(() => monitor.stop())
  return metrics
}

/** A member of a group of KIP-848 that has committed where it is; it lives for a session of 45 seconds. */
async function joinByNewProtocol(cluster: Cluster, topic: string, groupId: string, offset: bigint): Promise<void> {
  const coordinator = (await findCoordinators(cluster, [groupId])).get(groupId)!
  const connection = await cluster.connections().to(coordinator)
  const memberId = randomUUID()
  const joined: consumerGroupHeartbeatV0.ConsumerGroupHeartbeatResponse = await callBroker(
    connection,
    consumerGroupHeartbeatV0.api,
    groupId,
    memberId,
    0,
    null,
    null,
    10_000,
    [topic],
    null,
    null,
    [],
  )
  expect(joined.errorCode).toBe(0)
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: null }]
  const committed: offsetCommitV9.OffsetCommitResponse = await callBroker(
    connection,
    offsetCommitV9.api,
    groupId,
    joined.memberEpoch,
    memberId,
    null,
    [{ name: topic, partitions }],
  )
  expect(committed.topics[0]!.partitions[0]!.errorCode).toBe(0)
}

/** Current offset, end and lag of each partition, as `kafka-consumer-groups --describe` prints them. */
async function describeByJava(group: string): Promise<Map<number, readonly number[]>> {
  const args = ['--bootstrap-server', inject('kafkaBrokers'), '--describe', '--group', group]
  const printed = await javaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args)
  const rows = printed.split('\n').map((line) => line.trim().split(/\s+/))
  const found = rows.filter(([name]) => name === group)
  return new Map(found.map(([, , partition, ...numbers]) => [Number(partition), numbers.slice(0, 3).map(Number)]))
}

test('offsets and lag are those that kafka-consumer-groups shows, with and without members', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 4)
  const group = uniqueName('group')
  await fill(cluster, topic, 1_000)
  const consumer = await readSome(cluster, topic, group, 50)
  const ours = async (): Promise<Map<number, readonly number[]>> => {
    const lags = await readLag(cluster, cluster.connections(), group)
    return new Map(lags.map((each) => [each.partition, [each.currentOffset, each.logEndOffset, each.lag]]))
  }
  const [mine, theirs] = await Promise.all([ours(), describeByJava(group)])
  expect(theirs).toEqual(mine)
  expect([...mine.values()].reduce((sum, [, , lag]) => sum + lag!, 0)).toBe(1_000 - 4 * 50)
  await consumer.stop()
  expect(await describeByJava(group)).toEqual(await ours())
})

test('200,000 records over 30 partitions are critical for smsgw lag and the monitor, in text and JSON', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 30)
  const group = uniqueName('group')
  const producer = new Producer(cluster)
  await producer.start([topic])
  for (let sent = 0; sent < 200_000; sent += 20_000) {
    const send = (n: number) => producer.send({ topic, partition: n % 30, key: null, value: '' })
    await Promise.all(Array.from({ length: 20_000 }, (_, n) => send(sent + n)))
  }
  await producer.close()
  const beginning = Array.from({ length: 30 }, (_, partition) => ({ topic, partition, offset: 0 }))
  await commitOffsets(cluster, cluster.connections(), group, beginning)
  vi.stubEnv('KAFKA_BROKERS', inject('kafkaBrokers'))
  onTestFinished(() => void vi.unstubAllEnvs())

  const json = await runSmsgw('lag', group, '--json')
  expect(json.code).toBe(1)
  const { groups, total } = JSON.parse(json.stdout) as LagSummary
  expect(groups).toMatchObject([{ group, lag: 200_000, level: 'critical', worst: { topic, lag: 6_667 } }])
  expect(groups[0]!.partitions.map(({ lag }) => lagLevel(lag, null))).toEqual(Array(30).fill('normal'))
  expect(total).toMatchObject({ groups: 1, lag: 200_000, level: 'critical' })

  const lines = (await runSmsgw('lag', group)).stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(1 + 30 + 2)
  expect(lines.at(-2)).toMatch(/total, worst \S+\[\d+\] +200000 .* critical$/)
  expect(lines.at(-1)).toMatch(/^1 group +total +200000 .* critical$/)

  const metrics = await monitorMetrics()
  const levelOf = async (): Promise<string | undefined> =>
    (await metrics.registry.metrics())
      .split('\n')
      .find((line) => line.startsWith(`smsgw_consumergroup_lag_level{group="${group}"}`))
  const level = await eventually('the group has a lag level', levelOf, (line) => line !== undefined)
  expect(level).toBe(`smsgw_consumergroup_lag_level{group="${group}"} 2`)
})

test('groups of both protocols have their members counted, and those without members are shown', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const [classic, modern, left] = [uniqueName('classic'), uniqueName('modern'), uniqueName('left')]
  await fill(cluster, topic, 100)
  await (await readSome(cluster, topic, left, 10)).stop()
  await readSome(testCluster(), topic, classic, 20)
  await joinByNewProtocol(cluster, topic, modern, 30n)
  const sample = await eventually(
    'the group has no member',
    () => sampleLag(cluster, cluster.connections()),
    ({ groups }) => groups.find(({ groupId }) => groupId === left)?.members === 0,
  )
  const found = (group: string) => {
    const { protocol, members } = sample.groups.find(({ groupId }) => groupId === group)!
    return [protocol, members, sample.lags.find((lag) => lag.group === group)!.lag]
  }
  expect([classic, modern, left].map(found)).toEqual([
    ['classic', 1, 80],
    ['consumer', 1, 70],
    ['classic', 0, 90],
  ])
})

test('seconds behind are within 20 % of the truth, watched and recalled', async () => {
  const cluster = testCluster()
  const connections = cluster.connections()
  const topic = await freshTopic(cluster)
  const group = uniqueName('group')
  const watching = new LagHistory(300_000)
  const look = async (): Promise<void> => watching.add(await sampleLag(cluster, connections, { topics: [topic] }))
  await look()
  await fill(cluster, topic, 20)
  await look()
  await after(2_000)
  await fill(cluster, topic, 20)
  await readSome(cluster, topic, group, 10)
  const ofGroup = (history: LagHistory) => history.report().find((each) => each.group === group)!
  await look()
  const late = new LagHistory(300_000)
  late.add(await sampleLag(cluster, connections, { only: group }))
  await recallAges(cluster, connections, late)
  const lag = ofGroup(watching)
  const producedMs = (await readProducedMs(cluster, connections, lag))!
  const trueSeconds = (Date.now() - producedMs) / 1_000
  expect(trueSeconds).toBeGreaterThan(2)
  // Within a fifth, and what the looks themselves take.
  for (const { seconds, isGuess } of [lag, ofGroup(late)]) {
    expect(isGuess).toBe(false)
    expect(Math.abs(seconds! - trueSeconds)).toBeLessThan(0.2 * trueSeconds + 0.5)
  }
})

test('the monitor publishes what it sees, and forgets a topic that is deleted', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 2)
  const group = uniqueName('group')
  await fill(cluster, topic, 100)
  await (await readSome(cluster, topic, group, 5)).stop()
  const metrics = await monitorMetrics()
  const scrape = async (): Promise<string[]> =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.includes(topic) || line.includes(group))
  const lines = await eventually('the topic has metrics', scrape, (found) =>
    found.some((line) => line.startsWith('smsgw_topic_retention')),
  )
  expect(lines).toContain(`kafka_consumer_lag{group="${group}",topic="${topic}"} 90`)
  expect(lines).toContain(`kafka_consumergroup_members{consumergroup="${group}"} 0`)
  expect(lines).toContain(`kafka_topic_partitions{topic="${topic}"} 2`)
  expect(lines.filter((line) => line.startsWith('kafka_consumergroup_lag{'))).toHaveLength(2)
  expect(lines.find((line) => line.startsWith('smsgw_consumergroup_status'))).toBeDefined()
  expect(lines.find((line) => line.startsWith('kafka_consumer_lag_seconds'))).toBeDefined()
  await callBroker(
    await cluster.connections().to(cluster.controllerId),
    deleteTopicsV6.api,
    [{ name: topic, topicId: null }],
    10_000,
  )
  await eventually(
    'the metrics of the deleted topic are gone',
    scrape,
    (found) => !found.some((line) => line.includes(topic)),
  )
  expect(await metrics.registry.metrics()).toMatch(
    /smsgw_collector_last_success_timestamp_seconds\{collector="lag"\} \d+/,
  )
})

test('a group that does not exist, and brokers that do not answer, are one line and exit code 1', async () => {
  const cases = [
    [inject('kafkaBrokers'), /^There is no group "nobody"\. .*smsgw lag/],
    [`127.0.0.1:${await freePort()}`, /Check KAFKA_BROKERS/],
  ] as const
  onTestFinished(() => void vi.unstubAllEnvs())
  for (const [brokers, why] of cases) {
    vi.stubEnv('KAFKA_BROKERS', brokers)
    for (const flags of [[], ['--json'], ['--exact'], ['--watch', '--json']]) {
      const { code, stdout, stderr } = await runSmsgw('lag', 'nobody', ...flags)
      expect([code, stdout], flags.join(' ')).toEqual([1, ''])
      expect(stderr).toMatch(why)
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
  }
})
