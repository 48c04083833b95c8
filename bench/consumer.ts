import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { KafkaCluster } from '../src/embedded/kafka/kafka-cluster.ts'
import type { ConsumeResult } from './clients/consume-process.ts'
import { type JavaConsumed, javaConsume } from './clients/java-tools.ts'
import { consume, produce } from './clients/our-clients.ts'
import { samplePayloads } from './clients/sample-payloads.ts'
import { ratioOfRounds, spread } from './measure/compare-rounds.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import { makeTopic, startKafka } from './run/start-kafka.ts'
import type { Workbench } from './run/workbench.ts'

const TOPIC = 'records'

interface ConsumerFlags extends RunFlags {
  readonly records: number
  readonly recordSize: number
  readonly keys: number
  readonly rounds: number
  readonly partitions: number
  readonly concurrency: number
  readonly brokers: '1' | '3'
}

interface Round {
  readonly ours: ConsumeResult
  readonly java: JavaConsumed
}

export function consumerCommand(program: Command): void {
  const command = program
    .command('consumer')
    .description(
      "our consumer with a handler that does nothing, next to Java's ConsumerPerformance over the same topic",
    )
    .option('--records <n>', 'in the topic', wholeNumber, 2_000_000)
    .option('--record-size <bytes>', 'of each', wholeNumber, 325)
    .option('--keys <n>', 'lanes that there may be', wholeNumber, 1_000)
    .option('--rounds <n>', 'how often each reads all: ours, Java, ours, Java …', wholeNumber, 5)
    .option('--partitions <n>', 'of the topic', wholeNumber, 30)
    .option('--concurrency <n>', 'handlers of ours at once', wholeNumber, 1_000)
    .addOption(new Option('--brokers <n>').choices(['1', '3']).default('1'))
    .addHelpText(
      'after',
      `\nOurs orders by key and commits the watermark every second; what it committed is checked. Both figures count from
having joined the group.

Examples:
  $ npm run bench -- consumer
  $ npm run bench -- consumer --records 500000 --rounds 3`,
    )
  withRunFlags(command).action((flags: ConsumerFlags) =>
    runBenchmark(flags, (workbench) => benchConsumer(workbench, flags)),
  )
}

async function benchConsumer(workbench: Workbench, flags: ConsumerFlags): Promise<Report> {
  const kafka = await startKafka(workbench, flags.brokers === '3' ? 3 : 1)
  await fill(workbench, kafka, flags)
  const tools = { classPath: kafka.classPath, brokers: kafka.brokers, folder: workbench.folder }
  const { records, concurrency: concurrencyMax } = flags
  const what = { brokers: kafka.brokers, topic: TOPIC, records, concurrencyMax, workMsMax: 0, seed: 1 }
  const rounds: Round[] = []
  while (rounds.length < flags.rounds) {
    const ours = await consume({ ...what, groupId: `ours-${rounds.length}` })
    const java = await javaConsume(tools, TOPIC, `java-${rounds.length}`, records)
    rounds.push({ ours, java })
    const [mine, its] = [Math.round(ours.recordsPerSecond), Math.round(java.recordsPerSecond)]
    workbench.progress(
      `round ${rounds.length} of ${flags.rounds}: ours ${mine}/s, Java ${its}/s, ratio ${(mine / its).toFixed(2)}`,
    )
  }
  return report(flags, rounds)
}

async function fill(workbench: Workbench, kafka: KafkaCluster, flags: ConsumerFlags): Promise<void> {
  await makeTopic(kafka, { name: TOPIC, partitions: flags.partitions })
  const payloadFile = join(workbench.folder, 'payloads')
  writeFileSync(payloadFile, samplePayloads(flags.recordSize).join('\n'))
  workbench.progress(`writing ${flags.records} records of ${flags.recordSize} bytes`)
  const { records, keys } = flags
  await produce({ brokers: kafka.brokers, topic: TOPIC, payloadFile, records, warmUpRecords: 0, keys, overrides: {} })
}

function report(flags: ConsumerFlags, rounds: readonly Round[]): Report {
  const { json: _, results: __, ...options } = flags
  const oursPerSecond = rounds.map(({ ours }) => ours.recordsPerSecond)
  const javaPerSecond = rounds.map(({ java }) => java.recordsPerSecond)
  const ratio = ratioOfRounds(oursPerSecond, javaPerSecond)
  const [ours, java] = [spread(oursPerSecond), spread(javaPerSecond)]
  const ourCpuMs = spread(rounds.map((each) => (each.ours.cpuMs * 1_000) / flags.records)).median
  return {
    name: 'consumer',
    tables: [
      {
        headings: ['RECORDS', 'OURS/S', 'JAVA/S', 'RATIO', 'LEAST', 'MOST', 'OURS-CPU-MS/1000'],
        rows: [
          [
            flags.records,
            ...[round(ours.median, 0), round(java.median, 0)],
            ...[round(ratio.median, 2), round(ratio.min, 2), round(ratio.max, 2), round(ourCpuMs, 2)],
          ],
        ],
      },
    ],
    options,
    result: { ratio, oursPerSecond: ours, javaPerSecond: java, rounds },
  }
}
