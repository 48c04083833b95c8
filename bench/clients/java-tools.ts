import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GuardedServer } from '../../src/embedded/guarded-server.ts'
import type { ProducerOptions } from '../../src/kafka/producer/producer-options.ts'
import type { LatencyMs } from '../measure/latency.ts'
import { endedChildrenCpuMs } from '../measure/process-usage.ts'

/** As Kafka's own scripts start their tools; English, as numbers are read from what they print. */
const JVM = ['-server', '-Xmx512m', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-Duser.language=en']
const GIVE_UP_MS = 300_000

export interface JavaTools {
  /** With Kafka's jars. */
  readonly classPath: string
  readonly brokers: string
  /** Where their output goes. */
  readonly folder: string
}

export interface JavaProduced {
  readonly recordsPerSecond: number
  readonly latencyMs: Omit<LatencyMs, 'max'>
  /** Warm-up and start of the JVM included. */
  readonly cpuMs: number
}

export interface JavaProduceOptions {
  readonly topic: string
  readonly payloadFile: string
  readonly records: number
  readonly warmUpRecords: number
  readonly options: ProducerOptions
}

/** Runs `ProducerPerformance` with the settings that our producer has; its figures leave the warm-up out. */
export async function javaProduce(tools: JavaTools, produce: JavaProduceOptions): Promise<JavaProduced> {
  const { topic, payloadFile, records, warmUpRecords, options } = produce
  const settings = {
    acks: options.acks === -1 ? 'all' : options.acks,
    'enable.idempotence': options.idempotent,
    'compression.type': options.compression,
    'linger.ms': options.lingerMs,
    'batch.size': options.batchBytesMax,
    'max.request.size': options.requestBytesMax,
    'buffer.memory': options.bufferBytesMax,
    'max.in.flight.requests.per.connection': options.inFlightRequestsPerBrokerMax,
  }
  const { output, cpuMs } = await run(tools, 'ProducerPerformance', [
    ...['--topic', topic, '--payload-file', payloadFile, '--throughput', '-1'],
    ...['--num-records', String(warmUpRecords + records), '--warmup-records', String(warmUpRecords)],
    ...['--bootstrap-server', tools.brokers, '--reporting-interval', '600000', '--command-property'],
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
  ])
  return { ...readProduced(output), cpuMs }
}

/** The last line that sums up: the one without the warm-up, when there was any. */
export function readProduced(output: string): Omit<JavaProduced, 'cpuMs'> {
  const line = output.split('\n').findLast((each) => each.includes('99.9th')) ?? ''
  const rate = /([\d.]+) records\/sec/.exec(line)
  const percentiles = /(\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th/.exec(line)
  if (!rate || !percentiles) throw new Error(`ProducerPerformance printed no figures:\n${output}`)
  const [p50, p95, p99, p999] = percentiles.slice(1).map(Number)
  return { recordsPerSecond: Number(rate[1]), latencyMs: { p50: p50!, p95: p95!, p99: p99!, p999: p999! } }
}

export interface JavaConsumed {
  /** From having joined the group. */
  readonly recordsPerSecond: number
  readonly joinMs: number
  /** Start of the JVM included. */
  readonly cpuMs: number
}

/** Runs `ConsumerPerformance`. It commits every five seconds and checks no checksums; neither can be changed. */
export async function javaConsume(
  tools: JavaTools,
  topic: string,
  group: string,
  records: number,
): Promise<JavaConsumed> {
  const { output, cpuMs } = await run(tools, 'ConsumerPerformance', [
    ...['--topic', topic, '--group', group, '--num-records', String(records), '--bootstrap-server', tools.brokers],
    ...['--timeout', '30000', '--hide-header', '--reporting-interval', '600000'],
  ])
  return { ...readConsumed(output, records), cpuMs }
}

/** Its columns: start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s. */
export function readConsumed(output: string, records: number): Omit<JavaConsumed, 'cpuMs'> {
  const line = output.split('\n').findLast((each) => each.split(', ').length === 10)
  const columns = line?.split(', ').map(Number) ?? []
  if (!(columns[4]! >= records)) throw new Error(`ConsumerPerformance did not read ${records} records:\n${output}`)
  return { recordsPerSecond: columns[9]!, joinMs: columns[6]! }
}

async function run(
  { classPath, folder }: JavaTools,
  tool: string,
  args: readonly string[],
): Promise<{ output: string; cpuMs: number }> {
  const logFile = join(folder, `${tool}-${Date.now()}.log`)
  const cpuBefore = endedChildrenCpuMs()
  const server = await GuardedServer.start({
    command: 'java',
    args: [...JVM, '-cp', classPath, `org.apache.kafka.tools.${tool}`, ...args],
    logFile,
    stopSignal: 'TERM',
  })
  const timer = setTimeout(() => void server.stop(), GIVE_UP_MS)
  const how = await server.exited
  clearTimeout(timer)
  const output = readFileSync(logFile, 'utf8')
  if (how !== 'code 0') throw new Error(`${tool} ended with ${how}:\n${output}`)
  return { output, cpuMs: endedChildrenCpuMs() - cpuBefore }
}
