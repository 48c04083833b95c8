import { join } from 'node:path'
import type { Command } from 'commander'
import type { DeadLetterFilter } from '../src/dead-letters/dead-letter-filter.ts'
import { listDeadLetters } from '../src/dead-letters/list-dead-letters.ts'
import { PostgresServer } from '../src/embedded/postgres/postgres-server.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { createPool, type Pool } from '../src/postgres/pool.ts'
import { fillDeadLetters } from '../test/gateway/fill/fill-dead-letters.ts'
import { spread } from './measure/compare-rounds.ts'
import type { Report } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'

const ROUNDS = 5
const PAGE = 50
const STATEMENT_TIMEOUT_MS = 600_000
/** Each filter alone, pairs, and what is hardest: filters that each let many through, and together nothing. */
const FILTERS: readonly Omit<DeadLetterFilter, 'state'>[] = [
  {},
  { reason: 'handler' },
  { customerId: 'bench-7' },
  { operator: 'operator-3' },
  { topic: 'sms.status' },
  { error: 'op-123' },
  { error: 'refused' },
  { error: 'no such text' },
  { error: 'code-77', customerId: 'bench-7' },
  { operator: 'operator-1', reason: 'handler', error: 'op-5' },
  { reason: 'handler', topic: 'sms.status' },
  { reason: 'schema', error: 'refused' },
]

interface DeadLetterFlags extends RunFlags {
  readonly size: number
}

interface Timing {
  readonly filter: string
  readonly letters: number
  readonly ms: readonly number[]
}

export function deadLettersCommand(program: Command): void {
  const command = program
    .command('dead-letters')
    .description('how long a page of dead letters takes, by what it is filtered by')
    .option('--size <n>', 'dead letters that there are', wholeNumber, 1_000_000)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- dead-letters\n  $ npm run bench -- dead-letters --size 100000',
    )
  withRunFlags(command).action((flags: DeadLetterFlags) =>
    runBenchmark(flags, (workbench) => benchDeadLetters(workbench, flags)),
  )
}

async function benchDeadLetters(workbench: Workbench, flags: DeadLetterFlags): Promise<Report> {
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  const postgres = await workbench.keep(PostgresServer.start(join(workbench.folder, 'postgres'), progress))
  const pool = createPool({
    url: postgres.url(),
    applicationName: 'bench',
    connectionsMax: 2,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  })
  await workbench.keep(Promise.resolve({ stop: () => pool.end() }))
  await migrate(pool)
  await fillDeadLetters(pool, flags.size, (written) => workbench.progress(`${written} of ${flags.size} are there`))
  const timings: Timing[] = []
  for (const filter of FILTERS) timings.push(await timePages(pool, filter))
  return {
    name: 'dead-letters',
    tables: [
      {
        headings: ['FILTER', 'RECORDS', 'MS', 'MS-FIRST', 'MS-MOST'],
        rows: timings.map(({ filter, letters, ms }) => {
          return [
            filter,
            letters,
            ...[spread(ms).median, ms[0]!, Math.max(...ms)].map((each) => Number(each.toFixed(1))),
          ]
        }),
      },
    ],
    options: { size: flags.size },
    result: timings,
  }
}

async function timePages(pool: Pool, filter: Omit<DeadLetterFilter, 'state'>): Promise<Timing> {
  const ms: number[] = []
  let letters = 0
  for (let round = 0; round < ROUNDS; round++) {
    const beganMs = performance.now()
    letters = (await listDeadLetters(pool, { state: 'open', ...filter }, null, PAGE)).letters.length
    ms.push(performance.now() - beganMs)
  }
  return { filter: Object.values(filter).join(', ') || '-', letters, ms }
}
