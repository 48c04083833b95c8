import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { explainError } from '../../src/cli/explain-error.ts'
import { printJson, printTable } from '../../src/cli/terminal/print-table.ts'
import { type Report, saveReport, type Table } from '../report/save-report.ts'
import { Workbench } from './workbench.ts'

const RESULTS = join(import.meta.dirname, '../results')

/** Options that every benchmark takes. */
export interface RunFlags {
  readonly json?: true
  readonly results: string
}

export function withRunFlags(command: Command): Command {
  return command
    .option('--json', 'print the result as JSON instead of a table')
    .addOption(
      new Option('--results <folder>', 'where the result and its charts are kept').default(RESULTS, 'bench/results'),
    )
}

/**
 * Runs a benchmark on a workbench of its own, prints and keeps what it found, and leaves nothing behind: neither when
 * it fails nor when it is interrupted.
 */
export async function runBenchmark(flags: RunFlags, work: (workbench: Workbench) => Promise<Report>): Promise<void> {
  const workbench = new Workbench()
  const interrupt = async (signal: NodeJS.Signals): Promise<void> => {
    console.error('Stopping …')
    await workbench.stop()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, (signal) => void interrupt(signal))
  try {
    const report = await work(workbench)
    if (workbench.isStopping) return await new Promise<never>(() => {})
    const saved = saveReport(flags.results, report)
    if (flags.json) printJson(saved.document)
    else printTables(report.tables)
    for (const file of saved.files) console.error(`kept in ${file}`)
  } catch (error) {
    // What breaks because it is being stopped is no failure: the interrupt ends the process when all has stopped.
    if (workbench.isStopping) return await new Promise<never>(() => {})
    process.exitCode = 1
    console.error(explainError(error) ?? error)
  } finally {
    await workbench.stop()
  }
}

function printTables(tables: readonly Table[]): void {
  for (const [index, { headings, rows }] of tables.entries()) {
    if (index > 0) console.log()
    printTable(headings, rows)
  }
}
