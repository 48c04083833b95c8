import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { createClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import { ClickHouseServer } from '../../src/embedded/clickhouse/clickhouse-server.ts'
import { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { producerOptions } from '../../src/kafka/producer/producer-options.ts'
import { partitionOfKey } from '../../src/kafka/wire/murmur2.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { silent } from '../gateway/silent-progress.ts'
import { uniqueName } from '../servers/fixtures.ts'
import { kcat } from '../servers/kcat.ts'
import { readCodecs } from '../servers/read-codecs.ts'
import { readTopic } from '../servers/read-topic.ts'
import { runKafkaTool } from '../servers/run-command.ts'

const COMPRESSED = ['gzip', 'snappy', 'lz4', 'zstd'] as const
const CODECS = ['none', ...COMPRESSED] as const
const PARTITIONS = 6
const RECORDS = 200

/** A record as every client can write and read it: on one line, the key before the value. */
interface Sample {
  readonly key: string
  readonly value: string
}

const { path: folder, remove } = temporaryFolder('smsgw-interoperation')
let kafka: KafkaCluster
let clickHouse: ClickHouseServer
let cluster: Cluster

beforeAll(async () => {
  const cacheFolder = join(import.meta.dirname, '../../.smsgw/cache')
  kafka = await KafkaCluster.start({
    folder: join(folder, 'kafka'),
    cacheFolder,
    brokers: 1,
    progress: silent,
    withoutLogin: true,
  })
  clickHouse = await ClickHouseServer.start(join(folder, 'clickhouse'), silent)
  cluster = new Cluster({ brokers: kafka.brokers.split(','), clientId: 'test' })
})

afterAll(async () => {
  await cluster?.close()
  await Promise.all([kafka?.stop(), clickHouse?.stop()])
  await remove()
})

// Snappy of the Java client comes in snappy-java's framing, that of librdkafka in plain blocks.
test('what the Java client writes in each codec is read, and its keys lie where ours would', async () => {
  const topic = await newTopic(PARTITIONS)
  await Promise.all(
    COMPRESSED.map((codec) => {
      const reader = ['parse.key=true', 'key.separator=|'].flatMap((each) => ['--reader-property', each])
      const batching = ['--batch-size', '262144', '--command-property', 'linger.ms=200']
      const args = ['--bootstrap-server', kafka.brokers, '--topic', topic, '--compression-codec', codec]
      return runKafkaTool(
        kafka.classPath,
        'ConsoleProducer',
        [...args, ...batching, ...reader],
        asLines(samples(codec)),
      )
    }),
  )
  expectSamples(COMPRESSED, await readTopic(cluster, topic))
  expect(await readCodecs(cluster, topic)).toEqual(new Set(['gzip', 'snappy-java', 'lz4', 'zstd']))
})

test('what librdkafka writes in each codec is read, and its keys lie where ours would', async () => {
  const topic = await newTopic(PARTITIONS)
  for (const codec of CODECS) {
    const settings = [`compression.codec=${codec}`, 'topic.partitioner=murmur2_random', 'linger.ms=200']
    const args = ['-P', '-b', kafka.brokers, '-t', topic, '-K', '|', ...settings.flatMap((each) => ['-X', each])]
    await kcat(args, asLines(samples(codec)))
  }
  expectSamples(CODECS, await readTopic(cluster, topic))
  expect(await readCodecs(cluster, topic)).toEqual(new Set(CODECS))
})

test('what the broker compresses anew is read', async () => {
  for (const codec of ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const topic = await newTopic(1, codec)
    const ours = codec === 'uncompressed' ? 'zstd' : 'none'
    await write(topic, ours, samples(ours))
    const values = (await readTopic(cluster, topic)).map(({ value }) => value!.toString())
    expect(values).toEqual(samples(ours).map(({ value }) => value))
    const stored = { uncompressed: 'none', gzip: 'gzip', snappy: 'snappy-java', lz4: 'lz4', zstd: 'zstd' }[codec]
    expect(await readCodecs(cluster, topic)).toEqual(new Set([stored]))
  }
})

test('what we write in each codec is read by the Java client, librdkafka and ClickHouse', async () => {
  const topic = await newTopic(PARTITIONS)
  for (const codec of CODECS) await write(topic, codec, samples(codec))
  expect(await readCodecs(cluster, topic)).toEqual(new Set(CODECS))
  const expected = CODECS.flatMap((codec) =>
    samples(codec).map(({ key, value }) => ({ partition: partitionOfKey(key, PARTITIONS), header: codec, key, value })),
  )
  for (const read of await Promise.all([readByJava(topic), readByKcat(topic), readByClickHouse(topic)])) {
    expect(sorted(read)).toEqual(sorted(expected))
  }
})

interface Read extends Sample {
  readonly partition: number
  readonly header: string
}

async function readByJava(topic: string): Promise<Read[]> {
  const printed = ['key', 'partition', 'headers'].flatMap((each) => ['--formatter-property', `print.${each}=true`])
  const args = ['--bootstrap-server', kafka.brokers, '--topic', topic, '--from-beginning', '--max-messages']
  const lines = await runKafkaTool(kafka.classPath, 'consumer.ConsoleConsumer', [
    ...args,
    String(CODECS.length * RECORDS),
    ...printed,
  ])
  return lines.map((line) => {
    const [partition, headers, key, value] = line.split('\t')
    return {
      partition: Number(partition!.slice('Partition:'.length)),
      header: headers!.split(':')[1]!,
      key: key!,
      value: value!,
    }
  })
}

async function readByKcat(topic: string): Promise<Read[]> {
  const lines = await kcat(['-C', '-e', '-q', '-J', '-b', kafka.brokers, '-t', topic])
  return lines.map((line) => {
    const { partition, headers, key, payload } = JSON.parse(line)
    return { partition, header: headers[1], key, value: payload }
  })
}

async function readByClickHouse(topic: string): Promise<Read[]> {
  const client = createClickHouse({
    ...readSettings(analyticsSettings, {}),
    CLICKHOUSE_URL: clickHouse.url,
    CLICKHOUSE_DATABASE: 'default',
  })
  const columns = 'value String, key String, partition UInt16, header String'
  for (const query of [
    `CREATE TABLE queue (value String) ENGINE = Kafka SETTINGS kafka_broker_list = '${kafka.brokers}',
      kafka_topic_list = '${topic}', kafka_group_name = '${topic}', kafka_format = 'LineAsString',
      kafka_poll_timeout_ms = 100, kafka_flush_interval_ms = 500`,
    `CREATE TABLE read (${columns}) ENGINE = MergeTree ORDER BY key`,
    `CREATE MATERIALIZED VIEW fill TO read AS
      SELECT value, _key AS key, _partition AS partition, _headers.value[1] AS header FROM queue`,
  ]) {
    await client.command({ query })
  }
  const rows = await eventually(
    'ClickHouse has every record',
    () => readRows<Read>(client, 'SELECT partition, header, key, value FROM read'),
    ({ length }) => length >= CODECS.length * RECORDS,
  )
  await client.close()
  return rows
}

/** Some of them larger than the blocks into which codecs cut what they compress. */
function samples(codec: string): Sample[] {
  return Array.from({ length: RECORDS }, (_, n) => {
    const text = `${n} سلام دنیا `.repeat(n % 100 === 0 ? 5_000 : (n % 30) + 1)
    return { key: `کلید-${codec}-${n % 50}`, value: JSON.stringify({ codec, n, text }) }
  })
}

function asLines(records: readonly Sample[]): string {
  return records.map(({ key, value }) => `${key}|${value}\n`).join('')
}

async function newTopic(partitions: number, compression = 'producer'): Promise<string> {
  const name = uniqueName('topic')
  await createTopics(cluster, [
    { name, partitions, replicationFactor: 1, configs: { 'compression.type': compression } },
  ])
  return name
}

async function write(topic: string, codec: (typeof CODECS)[number], records: readonly Sample[]): Promise<void> {
  const producer = new Producer(cluster, producerOptions('safe', { compression: codec }))
  await producer.start([topic])
  await Promise.all(records.map((record) => producer.send({ topic, ...record, headers: [['codec', codec]] })))
  await producer.close()
}

/** All samples of these codecs are there, in order for each key, on the partition where ours would put the key. */
function expectSamples(codecs: readonly string[], records: readonly ConsumedRecord[]): void {
  const read = records.map(({ partition, key, value }) => ({
    partition,
    key: key!.toString(),
    value: value!.toString(),
  }))
  const byKey = Map.groupBy(read, ({ key }) => key)
  const expected = Map.groupBy(codecs.flatMap(samples), ({ key }) => key)
  expect(new Set(byKey.keys())).toEqual(new Set(expected.keys()))
  for (const [key, ofKey] of expected) {
    const partition = partitionOfKey(key, PARTITIONS)
    expect(byKey.get(key)).toEqual(ofKey.map((each) => ({ partition, ...each })))
  }
}

function sorted(read: readonly Read[]): Read[] {
  const order = ({ key, value }: Read): string => `${key} ${value}`
  return read.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
}
