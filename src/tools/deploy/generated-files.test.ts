import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { runSmsgw } from '../../../test/run-command-line.ts'
import { TOPICS } from '../../events/topics.ts'
import { settingsFor } from '../../kafka/brokers/broker-settings.ts'
import { KAFKA_VERSION } from '../../kafka/brokers/kafka-version.ts'
import { ROLE_NAMES } from '../../process/roles.ts'
import { readTopicsFile } from '../../topics/topics-file.ts'
import type { CapacityPlan } from '../plan/capacity-plan.ts'
import { accessByRole } from './access-by-role.ts'
import { generatedFiles } from './generated-files.ts'

const ROOT = join(import.meta.dirname, '../../..')
const topics = readTopicsFile(join(ROOT, 'config/topics.yaml'))
const files = generatedFiles(topics)

test.each([...files.keys()])('%s is what the code writes: else run `smsgw deploy generate`', (path) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(files.get(path))
})

test('Strimzi gets each topic as declared', () => {
  const resources = parseAllDocuments(files.get('deploy/strimzi/topics.yaml')!).map((each) => each.toJS())
  expect(
    resources.map(({ kind, metadata, spec }) => [kind, metadata.name, spec.partitions, spec.replicas, spec.config]),
  ).toEqual(
    topics.map(({ name, partitions, replicationFactor }) => [
      'KafkaTopic',
      name,
      partitions,
      replicationFactor,
      expect.objectContaining({ 'cleanup.policy': 'delete' }),
    ]),
  )
})

test('Strimzi has as many brokers of that size as `smsgw plan` says, with the settings and the Kafka of embedded ones', async () => {
  const [kafka, pool] = parseAllDocuments(files.get('deploy/strimzi/kafka.yaml')!).map((each) => each.toJS())
  const plan = JSON.parse((await runSmsgw('plan', '--assumed', '--json')).stdout) as CapacityPlan
  const { count, cores, memoryGib } = plan.brokers
  expect(pool.spec).toMatchObject({
    replicas: count,
    resources: { requests: { cpu: String(cores), memory: `${memoryGib}Gi` } },
    storage: { size: `${plan.disk.perBrokerTb}T` },
  })
  // Each is a controller too, and an even number of them outvotes no more than one fewer.
  expect(count % 2).toBe(1)
  expect(kafka.spec.kafka.version).toBe(KAFKA_VERSION)
  const config = Object.entries(kafka.spec.kafka.config).map(([name, value]) => [name, String(value)])
  expect(config).toEqual(expect.arrayContaining(settingsFor(count).map(({ name, value }) => [name, value])))
})

test('every role has an account, statuses are written by workers, the receipt watch and the relay alone, and only the administrator changes topics', () => {
  const access = accessByRole()
  expect([...access.keys()].sort()).toEqual([...ROLE_NAMES, 'admin'].map((name) => `smsgw-${name}`).sort())
  const mayDo = (operation: string, topic: string): string[] =>
    [...access]
      .filter(([, rules]) =>
        rules.some((rule) => rule.name === topic && (rule.operations as string[]).includes(operation)),
      )
      .map(([account]) => account)
  expect(mayDo('Write', TOPICS.status)).toEqual(['smsgw-relay', 'smsgw-worker', 'smsgw-status', 'smsgw-admin'])
  expect(mayDo('Write', TOPICS.accepted)).toEqual(['smsgw-relay', 'smsgw-admin'])
  expect(mayDo('Read', TOPICS.delivery)).toEqual(['smsgw-worker', 'smsgw-admin'])
  expect(mayDo('Alter', TOPICS.delivery)).toEqual(['smsgw-admin'])
})
