import { readFileSync } from 'node:fs'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { type ProducerOptions, producerOptions } from '../../src/kafka/producer/producer-options.ts'
import { type LatencyMs, latencyHistogram, percentilesMs, recordMs } from '../measure/latency.ts'
import { answerTask } from './forked-task.ts'
import { seededRandom } from './seeded-random.ts'

export interface ProduceOptions {
  readonly brokers: string
  readonly topic: string
  /** A file of lines, one of which each record gets by chance; as with Java's tool. */
  readonly payloadFile: string
  readonly records: number
  /** Sent before, and not counted. */
  readonly warmUpRecords: number
  /** Records are spread over so many keys; 0: they have none. */
  readonly keys: number
  readonly overrides: Partial<ProducerOptions>
}

export interface ProduceResult {
  readonly recordsPerSecond: number
  readonly latencyMs: LatencyMs
  readonly cpuMs: number
}

/** Records sent before the event loop runs. */
const BURST = 500
/** Every so manieth record's latency is recorded. */
const SAMPLED = 10

answerTask(async (options: ProduceOptions): Promise<ProduceResult> => {
  const cluster = new Cluster({ brokers: options.brokers.split(','), clientId: 'bench-producer' })
  const producer = new Producer(cluster, producerOptions('safe', options.overrides))
  await producer.start([options.topic])
  const send = sender(producer, options)
  await send(options.warmUpRecords, () => {})
  const histogram = latencyHistogram()
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  await send(options.records, (ms) => recordMs(histogram, ms))
  await producer.flush()
  const elapsedMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpuBefore)
  await producer.close()
  await cluster.close()
  return {
    recordsPerSecond: (options.records * 1_000) / elapsedMs,
    latencyMs: percentilesMs(histogram),
    cpuMs: (user + system) / 1_000,
  }
})

/** Sends records as fast as the producer takes them: whenever its memory is full, it waits. Throws if one fails. */
function sender(producer: Producer, { topic, payloadFile, keys }: ProduceOptions) {
  const values = readFileSync(payloadFile, 'utf8')
    .split('\n')
    .map((line) => Buffer.from(line))
  const random = seededRandom(1)
  let failure: Error | null = null
  const failed = (error: Error): void => {
    failure ??= error
  }
  return async (records: number, sampled: (ms: number) => void): Promise<void> => {
    for (let sent = 0; sent < records; ) {
      for (const end = Math.min(records, sent + BURST); sent < end; sent++) {
        const key = keys === 0 ? null : `key-${Math.floor(random() * keys)}`
        const sending = producer.send({ topic, key, value: values[Math.floor(random() * values.length)]! })
        if (sent % SAMPLED === 0) {
          const startMs = performance.now()
          sending.then(() => sampled(performance.now() - startMs), failed)
        } else sending.catch(failed)
      }
      await setImmediate()
      while (producer.buffered.callersWaiting > 0) await setTimeout(1)
      if (failure) throw failure
    }
  }
}
