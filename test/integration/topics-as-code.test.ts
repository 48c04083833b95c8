import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.ts'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { alterTopicConfigs } from '../../src/kafka/admin/alter-configs.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { describeTopics } from '../../src/kafka/admin/describe-topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { partitionOfKey } from '../../src/kafka/wire/murmur2.ts'
import type { UnderReplicatedPartition } from '../../src/topics/find-under-replicated.ts'
import { throttledTopics } from '../../src/topics/throttle-replication.ts'
import { eventually } from '../gateway/eventually.ts'
import { silent } from '../gateway/silent-progress.ts'
import { describeByJava, type JavaPartition } from './java-topics.ts'

const ROOT = join(import.meta.dirname, '../..')
const TOPIC = 'sms.accepted'
const KEYS = 60

const { path: folder, remove } = temporaryFolder('smsgw-topics')
const topicsFile = join(folder, 'topics.yaml')
const planFile = join(folder, 'topics.plan')
let kafka: KafkaCluster
let cluster: Cluster

beforeAll(async () => {
  kafka = await KafkaCluster.start({
    folder: join(folder, 'kafka'),
    cacheFolder: join(ROOT, '.smsgw/cache'),
    brokers: 3,
    progress: silent,
    withoutLogin: true,
  })
  process.env.KAFKA_BROKERS = kafka.brokers
  cluster = new Cluster({ brokers: kafka.brokers.split(','), clientId: 'test' })
  writeFileSync(topicsFile, readFileSync(join(ROOT, 'config/topics.yaml')))
})

afterAll(async () => {
  await cluster?.close()
  await kafka?.stop()
  await remove()
})

test('plan, apply what was planned, and nothing is left; drift is found, and a plan that is out of date refused', async () => {
  const planned = await smsgw('topics', 'plan', '-f', topicsFile, '--out', planFile)
  expect(planned.code).toBe(2)
  expect(planned.out).toContain('+ sms.accepted: create with 30 partitions, 3 replicas each')
  expect(await smsgw('topics', 'apply', '--plan', planFile)).toMatchObject({ code: 0 })
  expect(await untilNothingToDo('-f', topicsFile)).toMatchObject({ code: 0 })
  const again = await smsgw('topics', 'apply', '-f', topicsFile, '--json')
  expect([again.code, JSON.parse(again.out).applied]).toEqual([0, []])

  await alterTopicConfigs(cluster, TOPIC, [
    { name: 'retention.ms', value: '60000' },
    { name: 'max.message.bytes', value: '9999' },
  ])
  const drift = await eventually(
    'topics plan finds a change',
    () => smsgw('topics', 'plan', '-f', topicsFile, '--json', '--out', planFile),
    ({ code }) => code === 2,
  )
  expect(drift.code).toBe(2)
  const change = { kind: 'set-config', topic: TOPIC, name: 'retention.ms', from: '60000', to: '604800000' }
  expect(JSON.parse(drift.out).changes).toEqual([change])

  await alterTopicConfigs(cluster, TOPIC, [{ name: 'retention.ms', value: '70000' }])
  await eventually(
    'topics plan shows the new value',
    () => smsgw('topics', 'plan', '-f', topicsFile),
    ({ out }) => out.includes('70000'),
  )
  const moved = await smsgw('topics', 'apply', '--plan', planFile)
  expect(moved.code).toBe(1)
  expect(moved.err).toContain('is needed now: ~ sms.accepted: retention.ms from 70000 to 604800000')
  expect(moved.err).toContain('smsgw topics plan --out')

  const pruned = await smsgw('topics', 'apply', '-f', topicsFile, '--prune', '--yes', '--json')
  expect(JSON.parse(pruned.out).applied.map(({ kind }: { kind: string }) => kind)).toEqual([
    'set-config',
    'remove-config',
  ])
  expect(await untilNothingToDo('-f', topicsFile, '--prune')).toMatchObject({ code: 0 })
})

test('what cannot be is refused, with the next command', async () => {
  const unknown = await smsgw('topics', 'describe', 'sms.nowhere')
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('smsgw topics describe --all')])
  const unknownToo = await smsgw('topics', 'add-partitions', 'sms.nowhere', '4', '--yes')
  expect([unknownToo.code, unknownToo.err]).toEqual([1, expect.stringContaining('smsgw topics describe --all')])
  const fewer = await smsgw('topics', 'add-partitions', TOPIC, '20', '--yes')
  expect([fewer.code, fewer.err]).toEqual([1, expect.stringContaining('never removes partitions')])
  const anonymous = await smsgw('topics', 'add-partitions', TOPIC, '31')
  expect([anonymous.code, anonymous.err]).toEqual([1, expect.stringContaining('add --yes')])

  const plan = JSON.parse(readFileSync(planFile, 'utf8'))
  writeFileSync(planFile, JSON.stringify({ ...plan, clusterId: 'another' }))
  const foreign = await smsgw('topics', 'apply', '--plan', planFile)
  expect([foreign.code, foreign.err]).toEqual([1, expect.stringContaining('This plan is of cluster another')])
  writeFileSync(planFile, '{"version":1}')
  const broken = await smsgw('topics', 'apply', '--plan', planFile)
  expect([broken.code, broken.err]).toEqual([1, expect.stringContaining('is not a plan')])

  await createTopics(cluster, [{ name: 'sms.old', partitions: 1, replicationFactor: 1 }])
  // Brokers learn of a new topic one after another, and any of them may be asked.
  const orphan = await eventually(
    'topics apply names sms.old',
    () => smsgw('topics', 'apply', '-f', topicsFile, '--prune', '--yes'),
    ({ err }) => err.includes('--delete sms.old'),
  )
  expect([orphan.code, orphan.err]).toEqual([1, expect.stringContaining('--delete sms.old')])
  const deleted = await eventually(
    'topics apply deletes sms.old',
    () => smsgw('topics', 'apply', '-f', topicsFile, '--prune', '--yes', '--delete', 'sms.old'),
    ({ out }) => out.includes('DELETE'),
  )
  expect([deleted.code, deleted.out]).toEqual([0, expect.stringContaining('DELETE')])
})

test('30 partitions become 40 under load: nothing is lost, and only keys that were announced lose their order', async () => {
  const load = await startLoad()
  await load.until(KEYS * 5)
  const grown = await smsgw('topics', 'add-partitions', TOPIC, '40', '--yes', '--json')
  expect(grown).toMatchObject({ code: 0 })
  await cluster.refresh()
  await load.until(load.sent + KEYS * 10)
  await load.pause()
  expect(await load.allHandled()).toBe(load.sent)
  const broken = load.keysOutOfOrder()
  expect(broken.filter((key) => partitionOfKey(key, 30) === partitionOfKey(key, 40))).toEqual([])
  expect(load.partitionsUsed()).toBeGreaterThan(30)

  const before = load.keysOutOfOrder().length
  const drained = await smsgw('topics', 'add-partitions', TOPIC, '50', '--when-drained', '--yes')
  expect(drained).toMatchObject({ code: 0 })
  await cluster.refresh()
  load.resume()
  await load.until(load.sent + KEYS * 10)
  await load.stop()
  expect(await load.allHandled()).toBe(load.sent)
  expect(load.keysOutOfOrder()).toHaveLength(before)

  const asked = await smsgw('topics', 'plan', '-f', declaring(60), '--json')
  const { growth } = JSON.parse(asked.out)
  expect(growth).toMatchObject([{ topic: TOPIC, from: 50, to: 60, movedShare: 1 - 50 / 300 }])
  expect(growth[0].examples[0].key).toMatch(/^customer-\d+$/)
})

test('more replicas: previewed, copied under a throttle that is gone afterwards, then as declared', async () => {
  await createTopics(cluster, [{ name: 'sms.single', partitions: 6, replicationFactor: 1 }])
  writeFileSync(
    topicsFile,
    'topics:\n  sms.single:\n    partitions: 8\n    replication_factor: 3\n    configs: {min.insync.replicas: 2}\n',
  )
  const planned = await smsgw('topics', 'plan', '-f', topicsFile)
  expect([planned.code, planned.out]).toEqual([2, expect.stringContaining('3 replicas each; partition 0:')])
  const applied = await smsgw('topics', 'apply', '-f', topicsFile, '--yes', '--throttle', '10000000')
  expect([applied.code, applied.err]).toEqual([0, expect.stringContaining('moving 8 partitions')])
  expect(await untilNothingToDo('-f', topicsFile, '--prune')).toMatchObject({ code: 0 })
  expect(await throttledTopics(cluster)).toEqual([])
  const { layout, configs } = (await describeTopics(cluster, ['sms.single'])).get('sms.single')!
  expect(layout.map(({ replicas }) => replicas.length)).toEqual(Array(8).fill(3))
  expect(configs.get('min.insync.replicas')).toBe('2')
  expect(await smsgw('topics', 'reassignments')).toMatchObject({ code: 0, out: 'No replica moves.\n' })
})

test('a broker stops: what Kafka’s own tool says is what ours says, and leaders go home when it is back', async () => {
  const whole = await smsgw('under-replicated', '--json')
  expect([whole.code, JSON.parse(whole.out)]).toEqual([0, []])
  await kafka.node(3)!.stop()
  const lacking = await eventually(
    '148 partitions are under-replicated',
    () => smsgw('under-replicated', '--json'),
    ({ out }) => JSON.parse(out).length >= 148,
  )
  expect(lacking.code).toBe(2)
  const found: UnderReplicatedPartition[] = JSON.parse(lacking.out)
  expect(new Set(found.flatMap(({ missing }) => missing))).toEqual(new Set([3]))
  expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['at-min-isr']))
  const java = await describeByJava(kafka, '--under-replicated-partitions', '--exclude-internal')
  expect(ordered(found.map(comparable))).toEqual(ordered(java))
  const placed = await smsgw('topics', 'plan', '-f', join(ROOT, 'config/topics.yaml'))
  expect(placed.err + placed.out).not.toContain('replicas each')

  await kafka.startNode(3)
  await eventually(
    'no partition is under-replicated',
    () => smsgw('under-replicated'),
    ({ code }) => code === 0,
  )
  expect(await smsgw('topics', 'elect-leaders', '--yes')).toMatchObject({ code: 0 })
  const layout = await describedByUs()
  expect(layout.filter(({ leader, replicas }) => leader !== replicas[0])).toEqual([])
  expect(layout).toEqual(await describeByJava(kafka, '--topic', TOPIC))
})

/** Runs a command, and returns what it printed. */
async function smsgw(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  let [out, err] = ['', '']
  const log = vi.spyOn(console, 'log').mockImplementation((line) => {
    out += `${line}\n`
  })
  const error = vi.spyOn(console, 'error').mockImplementation((line) => {
    err += `${line}\n`
  })
  try {
    const code = await runCommandLine(['node', 'smsgw', ...args])
    return { code, out, err }
  } finally {
    log.mockRestore()
    error.mockRestore()
  }
}

/** Each broker learns of a change by itself, a moment later. */
function untilNothingToDo(...args: string[]) {
  return eventually(
    'topics plan has nothing to do',
    () => smsgw('topics', 'plan', ...args),
    ({ code }) => code === 0,
  )
}

function declaring(partitions: number): string {
  const path = join(folder, `topics-${partitions}.yaml`)
  writeFileSync(
    path,
    `topics:\n  ${TOPIC}:\n    partitions: ${partitions}\n    replication_factor: 3\n    configs: {}\n`,
  )
  return path
}

async function describedByUs(): Promise<JavaPartition[]> {
  const { out } = await smsgw('topics', 'describe', TOPIC, '--json')
  const [{ layout }] = JSON.parse(out)
  return layout.map((each: Omit<JavaPartition, 'topic'>) => comparable({ ...each, topic: TOPIC }))
}

function comparable(each: Pick<UnderReplicatedPartition, 'topic' | 'partition' | 'leader' | 'replicas' | 'inSync'>) {
  const { topic, partition, leader, replicas, inSync } = each
  return { topic, partition, leader: leader ?? -1, replicas: [...replicas], inSync: [...inSync] }
}

function ordered(partitions: readonly JavaPartition[]): JavaPartition[] {
  return [...partitions].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
}

/** Writes numbered records of many keys without end, and reads them by a group, remembering in which order. */
async function startLoad() {
  const producer = new Producer(cluster)
  await producer.start([TOPIC])
  const handled = new Map<string, number[]>()
  const partitions = new Set<number>()
  const handle = async ({ key, value, partition }: { key: Buffer | null; value: Buffer | null; partition: number }) => {
    const name = key!.toString()
    handled.set(name, [...(handled.get(name) ?? []), Number(value)])
    partitions.add(partition)
    return DONE
  }
  const options = { commitIntervalMs: 200, metadataAgeMsMax: 500, heartbeatMs: 500 }
  const consumer = new Consumer(
    cluster,
    consumerOptions({ groupId: 'load', topics: [TOPIC] }, options),
    inLanes({ handle, concurrencyMax: 50 }),
  )
  await consumer.start()
  let [sent, running] = [0, true]
  const write = async (): Promise<void> => {
    while (running) {
      const sends = Array.from({ length: KEYS }, (_, key) =>
        producer.send({ topic: TOPIC, key: `customer-${key}`, value: String(sent + key) }),
      )
      sent += KEYS
      await Promise.all(sends)
    }
  }
  let writing = write()
  const pause = async (): Promise<void> => {
    running = false
    await writing
  }
  const count = (): number => [...handled.values()].reduce((sum, values) => sum + new Set(values).size, 0)
  return {
    get sent() {
      return sent
    },
    until: (records: number) =>
      eventually(
        `${records} records are sent`,
        () => sent,
        (now) => now >= records,
      ),
    pause,
    resume: (): void => {
      running = true
      writing = write()
    },
    stop: async (): Promise<void> => {
      await pause()
      await eventually('all records are handled', count, (now) => now === sent)
      await Promise.all([consumer.stop(), producer.close()])
    },
    allHandled: () => eventually('all records are handled', count, (now) => now === sent),
    partitionsUsed: () => partitions.size,
    keysOutOfOrder: () =>
      [...handled]
        .filter(([, values]) => values.some((value, at) => at > 0 && value < values[at - 1]!))
        .map(([key]) => key),
  }
}
