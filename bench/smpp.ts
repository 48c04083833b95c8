import { join } from 'node:path'
import type { Command } from 'commander'
import { SupervisedProcess } from '../src/process/supervisor/supervised-process.ts'
import { forkTask } from './clients/forked-task.ts'
import type { SubmitOptions, SubmitRun } from './clients/submit-process.ts'
import { treeUsages } from './measure/process-usage.ts'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { wholeNumber, wholeNumbers } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'

/** As the gateway's own processes run. */
const NODE_OPTIONS = ['--max-semi-space-size=64']
const SUBMIT_PROCESS = join(import.meta.dirname, 'clients/submit-process.ts')

interface SmppFlags extends RunFlags {
  readonly window: readonly number[]
  readonly binds: number
  readonly seconds: number
  readonly warmUp: number
  readonly receiptDelayMs: number
}

interface Point extends SubmitRun {
  readonly window: number
  readonly smscCpuMs: number
}

export function smppCommand(program: Command): void {
  const command = program
    .command('smpp')
    .description('submits a second of the SMPP connector alone, against `smsgw smsc`, and whether each receipt came')
    .option('--window <n,…>', 'submits that may await their answer; several make a sweep', wholeNumbers, [50, 10, 200])
    .option('--binds <n>', 'connections, which share the window', wholeNumber, 1)
    .option('--seconds <n>', 'of each', wholeNumber, 20)
    .option('--warm-up <n>', 'seconds before those, not counted', wholeNumber, 3)
    .option('--receipt-delay-ms <n>', 'from taking a message to its receipt, in the middle', wholeNumber, 200)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- smpp\n  $ npm run bench -- smpp --window 50 --binds 2 --seconds 60',
    )
  withRunFlags(command).action((flags: SmppFlags) => runBenchmark(flags, (workbench) => benchSmpp(workbench, flags)))
}

async function benchSmpp(workbench: Workbench, flags: SmppFlags): Promise<Report> {
  const points: Point[] = []
  for (const window of flags.window) {
    const point = await measureWindow(workbench, flags, window)
    points.push(point)
    const [perSecond, { matched, missing }] = [Math.round(point.submitsPerSecond), point.receipts]
    workbench.progress(`window ${window}: ${perSecond}/s, ${matched} receipts matched, ${missing} missing`)
  }
  const { json: _, results: __, ...options } = flags
  return {
    name: 'smpp',
    tables: [
      {
        headings: [
          ...['WINDOW', 'SUBMITS/S', 'P50-MS', 'P99-MS', 'REFUSED', 'RECEIPTS', 'MATCHED-%', 'TWICE'],
          ...['CPU-US', 'SMSC-CPU-US'],
        ],
        rows: points.map(row),
      },
    ],
    options,
    result: { points },
  }
}

/** An SMSC of its own for each window, so that none has to send another's receipts. */
async function measureWindow(workbench: Workbench, flags: SmppFlags, window: number): Promise<Point> {
  const smsc = new SupervisedProcess({
    name: 'smsc',
    args: ['smsc'],
    env: {
      ...process.env,
      SIMULATOR_LATENCY_MS: '0',
      SIMULATOR_RECEIPT_DELAY_MS: String(flags.receiptDelayMs),
      SIMULATOR_LEDGER: join(workbench.folder, `ledger-${window}.ndjson`),
    },
    logFile: join(workbench.folder, 'logs', 'smsc.log'),
    notify: (what) => workbench.progress(what),
  })
  await workbench.keep(Promise.resolve(smsc))
  const { simulatorPort } = await smsc.start()
  const pids = new Map([['smsc', smsc.pid!]])
  const cpuMs = (): number => treeUsages(pids).get('smsc')!.cpuMs
  const beforeMs = cpuMs()
  const options: SubmitOptions = {
    port: simulatorPort!,
    window,
    binds: flags.binds,
    seconds: flags.seconds,
    warmUpSeconds: flags.warmUp,
  }
  const run = await forkTask<SubmitRun>(SUBMIT_PROCESS, options, NODE_OPTIONS).result
  const smscCpuMs = cpuMs() - beforeMs
  await smsc.stop()
  return { window, ...run, smscCpuMs }
}

function row({ window, submitsPerSecond, latencyMs, submits, refused, receipts, cpuMs, smscCpuMs }: Point) {
  const { matched, missing, unknown, twice } = receipts
  const all = matched + missing + unknown
  return [
    ...[window, round(submitsPerSecond, 0), round(latencyMs.p50, 2), round(latencyMs.p99, 2), refused],
    ...[all, round((matched * 100) / all, 3), twice],
    ...[round((cpuMs * 1_000) / submits, 1), round((smscCpuMs * 1_000) / submits, 1)],
  ]
}
