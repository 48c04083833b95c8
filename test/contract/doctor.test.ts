import { expect, test } from 'vitest'
import { alterBrokerConfigs } from '../../src/kafka/admin/alter-configs.ts'
import { settingsFor } from '../../src/kafka/brokers/broker-settings.ts'
import { examineDatabase, examineKafka } from '../../src/tools/doctor/examine.ts'
import { exitCodeOf } from '../../src/tools/doctor/finding.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshDatabase, testCluster } from '../servers/fixtures.ts'
import { javaTool } from '../servers/java-tool.ts'

test('doctor finds nothing on the embedded broker, and every setting that it asks for is one that Kafka 4 knows', async () => {
  const findings = await examineKafka(testCluster())
  expect(findings.map(({ what }) => what)).toEqual(
    expect.arrayContaining(settingsFor(1).map(({ name, value }) => `${name} = ${value}`)),
  )
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
})

test('what differs on a live broker is found, and the commands of the finding mend it', {
  timeout: 240_000,
}, async () => {
  const cluster = testCluster()
  const find = async (name: string) => (await examineKafka(cluster)).find(({ what }) => what.startsWith(`${name} = `))
  await cluster.refresh()
  const [nodeId] = cluster.brokerIds
  await alterBrokerConfigs(cluster.connections(), nodeId!, [
    { name: 'num.io.threads', value: '10' },
    { name: 'log.retention.ms', value: '3600000' },
  ])
  const threads = await eventually(
    'num.io.threads is warned of',
    () => find('num.io.threads'),
    (finding) => finding?.level === 'warning',
  )
  expect(threads?.what).toBe('num.io.threads = 10; it should be 16')
  const retention = await find('log.retention.hours')
  expect(retention?.what).toBe('log.retention.hours = 1; it should be 168')
  // Each starts a JVM; those of a finding follow each other, and the findings do not depend on each other.
  const mend = async (commands: readonly string[]): Promise<void> => {
    for (const command of commands) {
      const [tool, ...args] = command.split(' ')
      expect(tool).toBe('kafka-configs.sh')
      await javaTool('kafka.admin.ConfigCommand', args)
    }
  }
  await Promise.all([mend(threads!.commands!), mend(retention!.commands!)])
  await eventually(
    'every finding is ok',
    () => examineKafka(cluster),
    (findings) => exitCodeOf(findings) === 0,
  )
})

test('the embedded PostgreSQL loses nothing that was accepted', async () => {
  const findings = await examineDatabase(await freshDatabase(), 12)
  expect(findings.filter(({ level }) => level === 'fault')).toEqual([])
  expect(findings.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      'fsync = on',
      'synchronous_commit = on',
      'is the primary',
      expect.stringMatching(/^PostgreSQL 18/),
    ]),
  )
})
