import type { Command } from 'commander'
import { round } from './report/round.ts'
import type { Report } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'
import {
  measureWebhooks,
  type WebhookLoad,
  type WebhookPhase,
  type WebhookResult,
} from './webhooks/measure-webhooks.ts'

type WebhookFlags = RunFlags & WebhookLoad

export function webhooksCommand(program: Command): void {
  const command = program
    .command('webhooks')
    .description('webhook delays of customers beside others whose receivers hang, drip, redirect, flood and fail')
    .option('--customers <n>', 'customers with an endpoint', wholeNumber, 200)
    .option('--bad <n>', 'customers whose receivers misbehave, each in its own way', wholeNumber, 20)
    .option('--per-second <n>', 'events a second, of all customers', wholeNumber, 400)
    .option('--seconds <n>', 'duration of each phase', wholeNumber, 30)
    .option('--burst <n>', 'events for each bad customer at once, when the second phase begins', wholeNumber, 700)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- webhooks\n  $ npm run bench -- webhooks --bad 100 --per-second 1000',
    )
  withRunFlags(command).action((flags: WebhookFlags) =>
    runBenchmark(flags, (workbench) => benchWebhooks(workbench, flags)),
  )
}

async function benchWebhooks(workbench: Workbench, flags: WebhookFlags): Promise<Report> {
  const { json: _, results: __, ...options } = flags
  const result = await measureWebhooks(workbench, options)
  return {
    name: 'webhooks',
    tables: [
      {
        headings: ['PHASE', 'EVENTS', 'MISSING', 'P50-MS', 'P99-MS', 'MAX-MS', 'CPU-US', 'MIB'],
        rows: result.phases.map(row),
      },
      leftoverTable(result),
    ],
    options,
    result,
  }
}

function row({ phase, events, missing, delayMs, cpuMs, memoryMiB }: WebhookPhase): (string | number)[] {
  const { p50, p99, max } = delayMs
  const cpuUs = round((cpuMs * 1_000) / events, 0)
  return [phase, events, missing, round(p50, 0), round(p99, 0), round(max, 0), cpuUs, memoryMiB]
}

function leftoverTable({ deadLetters, waiting, waitingOfGood, inFlight }: WebhookResult) {
  return {
    headings: ['DEAD-LETTERS', 'WAITING', 'OF-GOOD', 'IN-FLIGHT'],
    rows: [[deadLetters, waiting, waitingOfGood, inFlight]],
  }
}
