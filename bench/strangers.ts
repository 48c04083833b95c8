import { type Command, InvalidArgumentError } from 'commander'
import { round } from './report/round.ts'
import type { Report, Table } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'
import { ATTACKS } from './strangers/attacks.ts'
import { measureStrangers, type Spell } from './strangers/measure-strangers.ts'

interface StrangersFlags extends RunFlags {
  readonly attacks: readonly string[]
  readonly rate: number
  readonly seconds: number
  readonly warmUp: number
}

export function strangersCommand(program: Command): void {
  const command = program
    .command('strangers')
    .description("a paying customer's times beside strangers and greedy customers, one attack after the other")
    .option('--attacks <name,…>', `of: ${Object.keys(ATTACKS).join(', ')}`, attackNames, Object.keys(ATTACKS))
    .option('--rate <n>', 'posts a second of the paying customer', wholeNumber, 20)
    .option('--seconds <n>', 'of each attack', wholeNumber, 15)
    .option('--warm-up <n>', 'seconds before the first, not counted', wholeNumber, 10)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- strangers\n  $ npm run bench -- strangers --attacks docs,poor-batches --seconds 30',
    )
  withRunFlags(command).action((flags: StrangersFlags) =>
    runBenchmark(flags, (workbench) => benchStrangers(workbench, flags)),
  )
}

function attackNames(text: string): string[] {
  const names = text.split(',')
  const unknown = names.find((name) => !Object.hasOwn(ATTACKS, name))
  if (unknown !== undefined) throw new InvalidArgumentError(`there is no attack "${unknown}"`)
  return names
}

async function benchStrangers(workbench: Workbench, flags: StrangersFlags): Promise<Report> {
  const { attacks, rate: ratePerSecond, seconds, warmUp: warmUpSeconds } = flags
  const options = { attacks, ratePerSecond, seconds, warmUpSeconds }
  const spells = await measureStrangers(workbench, options)
  return { name: 'strangers', tables: [customerTable(spells), attackerTable(spells)], options, result: { spells } }
}

function customerTable(spells: readonly Spell[]): Table {
  const alone = spells[0]!.latencyMs.p50
  return {
    headings: ['BESIDE', 'P50-MS', 'RATIO', 'P99-MS', 'MAX-MS', 'ACCEPTED', 'OFFERED'],
    rows: spells.map(({ attack, latencyMs: { p50, p99, max }, accepted, offered }) => [
      ...[attack, round(p50, 1), round(p50 / alone, 2), round(p99, 0), round(max, 0)],
      ...[accepted, offered],
    ]),
  }
}

function attackerTable(spells: readonly Spell[]): Table {
  return {
    headings: ['ATTACK', 'ANSWERS', 'OPENED', 'CLOSED', 'SENT-MIB', 'RECEIVED-MIB', 'WHAT'],
    rows: spells.flatMap(({ attack, seen }) => {
      if (!seen) return []
      const answers = Object.entries(seen.answers).map(([status, count]) => `${count}×${status}`)
      const mib = (bytes: number): number => round(bytes / 1_048_576, 1)
      return [
        [
          ...[attack, answers.join(' ') || '-', seen.opened, seen.closed],
          ...[mib(seen.sentBytes), mib(seen.receivedBytes), ATTACKS[attack]!.what],
        ],
      ]
    }),
  }
}
