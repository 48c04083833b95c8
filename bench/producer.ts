import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { KafkaCluster } from '../src/embedded/kafka/kafka-cluster.ts'
import { producerOptions } from '../src/kafka/producer/producer-options.ts'
import { type JavaProduced, javaProduce } from './clients/java-tools.ts'
import { produce } from './clients/our-clients.ts'
import type { ProduceResult } from './clients/produce-process.ts'
import { samplePayloads } from './clients/sample-payloads.ts'
import { ratioOfRounds, type Spread, spread } from './measure/compare-rounds.ts'
import type { LineChart } from './report/line-chart.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { someOf, wholeNumber, wholeNumbers } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import { makeTopic, startKafka } from './run/start-kafka.ts'
import type { Workbench } from './run/workbench.ts'

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
type Compression = (typeof COMPRESSIONS)[number]

interface ProducerFlags extends RunFlags {
  readonly records: number
  readonly warmUp: number
  readonly rounds: number
  readonly partitions: number
  readonly brokers: '1' | '3'
  readonly recordSize: readonly number[]
  readonly compression: readonly Compression[]
}

interface Point {
  readonly recordBytes: number
  readonly compression: Compression
  readonly ratio: Spread
  readonly oursPerSecond: Spread
  readonly javaPerSecond: Spread
  readonly rounds: readonly { readonly ours: ProduceResult; readonly java: JavaProduced }[]
}

export function producerCommand(program: Command): void {
  const command = program
    .command('producer')
    .description("our producer's records a second, next to those of Java's ProducerPerformance in the same run")
    .option('--records <n>', 'records of each run', wholeNumber, 500_000)
    .option('--warm-up <n>', 'records before those, not counted', wholeNumber, 200_000)
    .option('--rounds <n>', 'how often each runs: ours, Java, ours, Java …', wholeNumber, 5)
    .option('--partitions <n>', 'of the topic', wholeNumber, 30)
    .option('--record-size <bytes,…>', 'several make a sweep', wholeNumbers, [325])
    .option('--compression <name,…>', COMPRESSIONS.join(', '), someOf(COMPRESSIONS), ['snappy'])
    .addOption(new Option('--brokers <n>', 'each has every partition').choices(['1', '3']).default('3'))
    .addHelpText(
      'after',
      `\nBoth have the profile \`safe\`: acks=all, idempotent, linger 5 ms, batches of 128 KiB, 32 MiB of memory.

Examples:
  $ npm run bench -- producer
  $ npm run bench -- producer --record-size 100,325,1000,4000 --compression snappy,lz4,zstd --rounds 3`,
    )
  withRunFlags(command).action((flags: ProducerFlags) =>
    runBenchmark(flags, (workbench) => benchProducer(workbench, flags)),
  )
}

async function benchProducer(workbench: Workbench, flags: ProducerFlags): Promise<Report> {
  const kafka = await startKafka(workbench, flags.brokers === '3' ? 3 : 1)
  const points: Point[] = []
  for (const compression of flags.compression) {
    for (const recordBytes of flags.recordSize) {
      points.push(await measurePoint(workbench, kafka, flags, recordBytes, compression))
    }
  }
  const { json: _, results: __, ...options } = flags
  return {
    name: points.length > 1 ? 'producer-sweep' : 'producer',
    tables: [
      {
        headings: ['COMPRESSION', 'BYTES', 'OURS/S', 'JAVA/S', 'RATIO', 'LEAST', 'MOST', 'OURS-P99-MS', 'JAVA-P99-MS'],
        rows: points.map(row),
      },
    ],
    options,
    result: { points },
    charts: points.length > 1 ? { '': chart(points) } : {},
  }
}

async function measurePoint(
  workbench: Workbench,
  kafka: KafkaCluster,
  flags: ProducerFlags,
  recordBytes: number,
  compression: Compression,
): Promise<Point> {
  const topic = `records-${recordBytes}-${compression}`
  await makeTopic(kafka, { name: topic, partitions: flags.partitions })
  const payloadFile = join(workbench.folder, `payloads-${recordBytes}`)
  writeFileSync(payloadFile, samplePayloads(recordBytes).join('\n'))
  const overrides = { compression }
  const what = { topic, payloadFile, records: flags.records, warmUpRecords: flags.warmUp }
  const tools = { classPath: kafka.classPath, brokers: kafka.brokers, folder: workbench.folder }
  const rounds: Point['rounds'][number][] = []
  while (rounds.length < flags.rounds) {
    const ours = await produce({ ...what, brokers: kafka.brokers, keys: 0, overrides })
    const java = await javaProduce(tools, { ...what, options: producerOptions('safe', overrides) })
    rounds.push({ ours, java })
    const [mine, its] = [Math.round(ours.recordsPerSecond), Math.round(java.recordsPerSecond)]
    workbench.progress(
      `${topic}, round ${rounds.length} of ${flags.rounds}: ours ${mine}/s, Java ${its}/s, ratio ${(mine / its).toFixed(2)}`,
    )
  }
  const oursPerSecond = rounds.map(({ ours }) => ours.recordsPerSecond)
  const javaPerSecond = rounds.map(({ java }) => java.recordsPerSecond)
  return {
    recordBytes,
    compression,
    ratio: ratioOfRounds(oursPerSecond, javaPerSecond),
    oursPerSecond: spread(oursPerSecond),
    javaPerSecond: spread(javaPerSecond),
    rounds,
  }
}

function row({ compression, recordBytes, ratio, oursPerSecond, javaPerSecond, rounds }: Point): (string | number)[] {
  const p99 = (of: 'ours' | 'java'): number => round(spread(rounds.map((each) => each[of].latencyMs.p99)).median, 0)
  return [
    compression,
    recordBytes,
    ...[round(oursPerSecond.median, 0), round(javaPerSecond.median, 0)],
    ...[round(ratio.median, 2), round(ratio.min, 2), round(ratio.max, 2)],
    ...[p99('ours'), p99('java')],
  ]
}

/** By record size, or by compression when there is one size alone. */
function chart(points: readonly Point[]): LineChart {
  const compressions = [...new Set(points.map(({ compression }) => compression))]
  const bySize = new Set(points.map(({ recordBytes }) => recordBytes)).size > 1
  const place = ({ recordBytes, compression }: Point): number =>
    bySize ? recordBytes : compressions.indexOf(compression)
  const series = (name: string, of: readonly Point[], value: (point: Point) => number) => ({
    name,
    points: of.map((point) => [place(point), value(point)] as const),
  })
  return {
    title: 'Producer: records a second, acks=all',
    x: bySize
      ? { label: 'bytes of a record', scale: 'log' }
      : { label: 'compression', names: compressions.map((name, index) => [index, name] as const) },
    y: { label: 'records/s' },
    series: (bySize ? compressions : [null]).flatMap((only) => {
      const of = points.filter(({ compression }) => only === null || compression === only)
      return [
        series(only ? `ours, ${only}` : 'ours', of, ({ oursPerSecond }) => oursPerSecond.median),
        series(only ? `Java, ${only}` : 'Java', of, ({ javaPerSecond }) => javaPerSecond.median),
      ]
    }),
  }
}
