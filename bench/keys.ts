import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { ConsumeResult } from './clients/consume-process.ts'
import { consume, produce } from './clients/our-clients.ts'
import { samplePayloads } from './clients/sample-payloads.ts'
import { spread } from './measure/compare-rounds.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { wholeNumber, wholeNumbers } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import { makeTopic, startKafka } from './run/start-kafka.ts'
import type { Workbench } from './run/workbench.ts'

const TOPIC = 'work'
const RECORD_BYTES = 325
/**
 * Confluent Parallel Consumer, README: one partition, 10,000 records of 0 to 5 ms, 10,000 keys, `KEY` order,
 * maxConcurrency 100. Another machine; its bound is how much work is under way at once, not the processor.
 */
const PARALLEL_CONSUMER = { concurrency: 100, seconds: 2.13 }

interface KeysFlags extends RunFlags {
  readonly records: number
  readonly keys: number
  readonly workMs: number
  readonly concurrency: readonly number[]
  readonly rounds: number
  readonly seed: number
}

interface Point {
  readonly concurrency: number
  readonly seconds: number
  readonly rounds: readonly ConsumeResult[]
}

export function keysCommand(program: Command): void {
  const command = program
    .command('keys')
    .description('how long records of one partition take whose handling takes time, by how many are handled at once')
    .option('--records <n>', 'in the partition', wholeNumber, 10_000)
    .option('--keys <n>', 'records of one key are handled one after another', wholeNumber, 1_000)
    .option('--work-ms <n>', 'each takes from 0 to so many milliseconds', wholeNumber, 5)
    .option('--concurrency <n,…>', 'handlers at once', wholeNumbers, [1, 10, 100, 1_000])
    .option('--rounds <n>', 'of each; the middle one counts', wholeNumber, 3)
    .option('--seed <n>', 'what the times of the records follow', wholeNumber, 1)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- keys\n  $ npm run bench -- keys --concurrency 100 --keys 10 --rounds 1',
    )
  withRunFlags(command).action((flags: KeysFlags) => runBenchmark(flags, (workbench) => benchKeys(workbench, flags)))
}

async function benchKeys(workbench: Workbench, flags: KeysFlags): Promise<Report> {
  const kafka = await startKafka(workbench, 1)
  await makeTopic(kafka, { name: TOPIC, partitions: 1 })
  const payloadFile = join(workbench.folder, 'payloads')
  writeFileSync(payloadFile, samplePayloads(RECORD_BYTES).join('\n'))
  const { records, keys, workMs: workMsMax, seed } = flags
  const { brokers } = kafka
  await produce({ brokers, topic: TOPIC, payloadFile, records, warmUpRecords: 0, keys, overrides: {} })
  const points: Point[] = []
  for (const concurrencyMax of flags.concurrency) {
    const rounds: ConsumeResult[] = []
    // One at a time takes its time, and varies little.
    const times = concurrencyMax < 10 ? 1 : flags.rounds
    while (rounds.length < times) {
      const groupId = `keys-${concurrencyMax}-${rounds.length}`
      rounds.push(await consume({ brokers, topic: TOPIC, groupId, records, concurrencyMax, workMsMax, seed }))
      workbench.progress(`concurrency ${concurrencyMax}: ${(rounds.at(-1)!.ms / 1_000).toFixed(3)} s`)
    }
    points.push({ concurrency: concurrencyMax, seconds: spread(rounds.map(({ ms }) => ms)).median / 1_000, rounds })
  }
  return report(flags, points)
}

function report(flags: KeysFlags, points: readonly Point[]): Report {
  const { json: _, results: __, ...options } = flags
  const comparable = flags.records === 10_000 && flags.workMs === 5
  const theirs = (concurrency: number): string | number =>
    comparable && concurrency === PARALLEL_CONSUMER.concurrency ? PARALLEL_CONSUMER.seconds : '–'
  const published = { name: 'Parallel Consumer', points: [[PARALLEL_CONSUMER.concurrency, PARALLEL_CONSUMER.seconds]] }
  return {
    name: 'keys',
    tables: [
      {
        headings: ['CONCURRENCY', 'SECONDS', 'RECORDS/S', 'WORK-MS', 'PARALLEL-CONSUMER-S'],
        rows: points.map(({ concurrency, seconds, rounds }) => [
          concurrency,
          round(seconds, 3),
          round(flags.records / seconds, 0),
          round(rounds[0]!.workMs / flags.records, 2),
          theirs(concurrency),
        ]),
      },
    ],
    options,
    result: { parallelConsumer: PARALLEL_CONSUMER, points },
    charts: {
      '': {
        title: `One partition, ${flags.records} records of 0 to ${flags.workMs} ms, ${flags.keys} keys`,
        x: { label: 'handlers at once', scale: 'log' },
        y: { label: 'seconds', scale: 'log' },
        series: [
          { name: 'ours', points: points.map(({ concurrency, seconds }) => [concurrency, seconds] as const) },
          ...(comparable ? [published as { name: string; points: [number, number][] }] : []),
        ],
      },
    },
  }
}
