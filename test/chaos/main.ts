import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { explainError } from '../../src/cli/explain-error.ts'
import { printJson, printTable } from '../../src/cli/terminal/print-table.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { chooseKinds, drawPlan } from './campaign/draw-plan.ts'
import { allFindings, printReport } from './campaign/report.ts'
import { type CampaignOptions, runCampaign } from './campaign/run-campaign.ts'
import { FAULTS } from './faults/all-faults.ts'
import { type MutantVerdict, runMutants } from './mutants/run-mutants.ts'

interface Options {
  readonly quick?: true
  readonly seed: number
  readonly faults?: number
  readonly only: string[]
  readonly rate: number
  readonly json?: true
  readonly keep?: true
  readonly mutants?: true
}

const FAULTS_FULL = 100

const program = new Command('chaos')
  .description('break a whole gateway under load on purpose, and audit what became of every message')
  .option('--quick', 'a fault of each kind, shorter: a few minutes')
  .option('--seed <n>', 'draw the same faults again', wholeNumber, Math.floor(Math.random() * 2 ** 31))
  .option('--faults <n>', `how many; ${FAULTS_FULL}, or one of each kind with --quick`, wholeNumber)
  .option('--only <codes>', 'kinds by code or name, as in F5,poison-topics', (list: string) => list.split(','), [])
  .option('--rate <n>', 'posts a second', wholeNumber, 60)
  .option('--mutants', 'audit the auditor: eight deliberate bugs, each of which it must name')
  .option('--json', 'as JSON')
  .option('--keep', 'leave the folder with all data and logs')
  .addHelpText(
    'after',
    `\nFaults:\n${FAULTS.map(({ code, name, promises }) => `  ${code.padEnd(4)}${name.padEnd(21)}${promises}`).join('\n')}`,
  )
  .action(async (options: Options) => {
    process.exitCode = await run(options)
  })

await program.parseAsync()
process.exit()

/** Returns the exit code: 0 all holds, 1 something was violated or could not be run, 130 broken off. */
async function run(options: Options): Promise<number> {
  const { seed, keep, mutants } = options
  const { path: folder, remove } = temporaryFolder('smsgw-chaos')
  const abort = new AbortController()
  const startMs = Date.now()
  const notify = (what: string): void => {
    console.error(`${((Date.now() - startMs) / 1_000).toFixed(1).padStart(6)} s  ${what}`)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!abort.signal.aborted) notify('stopping; everything that was started ends first')
      abort.abort()
    })
  }
  try {
    notify(`seed ${seed}, folder ${folder}`)
    const common = { folder, notify, signal: abort.signal }
    return await (mutants ? auditTheAuditor(options, common) : breakTheGateway(options, common))
  } catch (error) {
    if (abort.signal.aborted) return 130
    console.error(explainError(error) ?? error)
    return 1
  } finally {
    if (keep) notify(`left in ${folder}`)
    else await remove()
  }
}

type Common = Pick<CampaignOptions, 'folder' | 'notify' | 'signal'>

async function breakTheGateway({ quick, seed, faults, only, rate, json }: Options, common: Common): Promise<number> {
  const kinds = chooseKinds(FAULTS, only).length
  const extent = quick ? 'quick' : 'full'
  const plan = { seed, extent, only, faults: faults ?? (quick ? kinds : FAULTS_FULL) } as const
  writeFileSync(join(common.folder, 'plan.json'), JSON.stringify({ ...plan, planned: describe(plan) }, null, 2))
  const result = await runCampaign({ ...plan, ...common, ratePerSecond: rate })
  const findings = allFindings(result)
  const ok = findings.every(({ violations }) => violations.length === 0)
  writeFileSync(join(common.folder, 'result.json'), JSON.stringify({ ok, ...result, findings }, null, 2))
  if (json) printJson({ ok, ...result, findings })
  else printReport(result)
  return ok ? 0 : 1
}

async function auditTheAuditor({ seed, only, json }: Options, common: Common): Promise<number> {
  const verdicts = await runMutants({ seed, only, ...common })
  const ok = verdicts.every(({ caught }) => caught)
  if (json) printJson({ ok, verdicts })
  else printTable(['BUG', 'CAUGHT', 'BY', 'TOOK', 'WHAT THE AUDITOR SAID'], verdicts.map(verdictRow))
  return ok ? 0 : 1
}

function verdictRow({ mutant, caught, expected, found, tookMs }: MutantVerdict): string[] {
  return [mutant, caught ? 'yes' : 'NO', expected.join(), `${(tookMs / 1_000).toFixed(1)} s`, found]
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

function describe(plan: Parameters<typeof drawPlan>[1]): object[] {
  return drawPlan(FAULTS, plan).map(({ fault, target, holdMs, pauseMs }) => {
    return { code: fault.code, name: fault.name, target, holdMs, pauseMs }
  })
}
