import type { Command } from 'commander'
import type { OddReceipts } from './hostile/account-for-odd.ts'
import {
  type HostileOptions,
  type HostilePhase,
  type HostileResult,
  measureHostile,
} from './hostile/measure-hostile.ts'
import { AS_AGREED } from './hostile/odd-peers.ts'
import type { Spread } from './measure/compare-rounds.ts'
import { round } from './report/round.ts'
import type { Report, Table } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'

interface HostileFlags extends RunFlags {
  readonly rate: number
  readonly seconds: number
  readonly rounds: number
  readonly seed: number
}

export function hostileCommand(program: Command): void {
  const command = program
    .command('hostile')
    .description("a healthy operator's times beside operators with odd answers, receipts and callbacks")
    .option('--rate <n>', 'posts a second, a third of them for the healthy operator', wholeNumber, 600)
    .option('--seconds <n>', 'of each stretch, calm and hostile', wholeNumber, 12)
    .option('--rounds <n>', 'of a calm and a hostile stretch', wholeNumber, 5)
    .option('--seed <n>', 'of what is drawn', wholeNumber, 1)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- hostile\n  $ npm run bench -- hostile --rate 300 --seconds 20 --rounds 3',
    )
  withRunFlags(command).action((flags: HostileFlags) =>
    runBenchmark(flags, (workbench) => benchHostile(workbench, flags)),
  )
}

async function benchHostile(workbench: Workbench, flags: HostileFlags): Promise<Report> {
  const { rate: ratePerSecond, seconds, rounds, seed } = flags
  const options: HostileOptions = { ratePerSecond, seconds, rounds, seed }
  const result = await measureHostile(workbench, options)
  return { name: 'hostile', tables: [phaseTable(result), ratioTable(result), oddTable(result)], options, result }
}

function phaseTable({ phases }: HostileResult): Table {
  return {
    headings: ['PHASE', 'MESSAGES', 'DELIVERED', 'SUBMIT-P50-MS', 'P99', 'DELIVERY-P50-MS', 'P99', 'FRONT-CPU-MS'],
    rows: phases.map(({ phase, messages, delivered, submittedMs, deliveredMs, frontCpuMs }: HostilePhase) => [
      ...[phase, messages, delivered, round(submittedMs.p50, 0), round(submittedMs.p99, 0)],
      ...[round(deliveredMs.p50, 0), round(deliveredMs.p99, 0), frontCpuMs],
    ]),
  }
}

function ratioTable({ ratios }: HostileResult): Table {
  const row = (what: string, { median, min, max }: Spread): (string | number)[] => {
    return [what, round(median, 2), round(min, 2), round(max, 2)]
  }
  return {
    headings: ['BESIDE HOSTILE TO ALONE', 'RATIO', 'LEAST', 'MOST'],
    rows: [
      row('accepted to submitted, p50', ratios.submittedP50),
      row('accepted to submitted, p99', ratios.submittedP99),
      row('accepted to delivered, p50', ratios.deliveredP50),
      row('accepted to delivered, p99', ratios.deliveredP99),
    ],
  }
}

function oddTable({ odd, deadLettersOfHealthy, deadLetters, takenAgain }: HostileResult): Table {
  const total = (of: OddReceipts): string =>
    `${of.odd} (${Object.keys(of.answers).filter((name) => name !== AS_AGREED).length} names)`
  const given = odd.answers.reduce((sum, each) => sum + each.given, 0)
  const others = Object.values(deadLetters).reduce((sum, count) => sum + count, 0)
  return {
    headings: ['ODD', 'ANSWERS', 'RECEIPTS', 'CALLBACKS', 'UNACCOUNTED', 'DLQ-HEALTHY', 'DLQ-OTHERS', 'TAKEN-AGAIN'],
    rows: [
      [
        ...[odd.items, `${given} (${odd.answers.length} names)`, total(odd.receipts), total(odd.callbacks)],
        ...[odd.unaccounted, deadLettersOfHealthy, others, takenAgain],
      ],
    ],
  }
}
