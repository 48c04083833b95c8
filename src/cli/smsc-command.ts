import { type Command, Option } from 'commander'
import { stopOnSignal } from '../process/stop-on-signal.ts'
import { answerSupervisor, isSupervised, notifySupervisor } from '../process/supervisor/answer-supervisor.ts'
import { Health } from '../runtime/health.ts'
import { createLog } from '../runtime/log.ts'
import { Metrics } from '../runtime/metrics.ts'
import { readSettings, type Settings } from '../runtime/settings.ts'
import { simulatorSettings } from '../simulator/config.ts'
import { Simulator } from '../simulator/simulator.ts'
import { showSmscTraffic } from './show-smsc-traffic.ts'

const PREFIX = 'SIMULATOR_'
/** Options whose names are not those of their settings. */
const SHORT: Readonly<Record<string, string>> = { SIMULATOR_RATE_PER_SECOND: '--rate' }

/** `smsgw smsc` */
export function smscCommand(program: Command, done: (exitCode: number) => void): void {
  const command = program
    .command('smsc')
    .description(
      'run a simulated SMSC: an SMPP 3.4 server that accepts messages, sends receipts, and has configurable failure modes',
    )
    .option('--json', 'print one line of JSON when it is listening')
  const names = addSettings(command, simulatorSettings)
  command
    .addHelpText(
      'after',
      `\nEach option is a setting as well, given in brackets; passwords are only that. Shares are from 0 to 1, and
chance follows the seed and the message: see docs/operators/simulator.md.

Examples:
  $ smsgw smsc --port 2775
  $ smsgw smsc --port 2775 --rate 100 --latency-ms 50 --ledger ledger.ndjson
  $ smsgw smsc --port 2775 --temporary-share 0.1 --cut-share 0.001 --receipt-early-share 0.05
  $ smsgw smsc --port 2775 --id-answer hex-upper --id-receipt decimal --undelivered-as UNDELIV:011,EXPIRED:01B`,
    )
    .action(async (flags: Record<string, string | true>) => {
      const given = Object.entries(flags).flatMap(([flag, value]) =>
        names.has(flag) ? [[names.get(flag)!, value]] : [],
      )
      done(await runSmsc({ ...process.env, ...Object.fromEntries(given) }, flags.json === true))
    })
}

async function runSmsc(env: NodeJS.ProcessEnv, isJson: boolean): Promise<number> {
  const isWatched = process.stderr.isTTY && !isJson && !isSupervised()
  const log = createLog('smsc', isWatched ? 'warn' : 'info', isWatched || isJson ? process.stderr : undefined)
  const settings = readSettings(simulatorSettings, env)
  const simulator = new Simulator(settings, log)
  await simulator.start()
  const { SIMULATOR_HOST: host } = settings
  const hide = isWatched ? showSmscTraffic(simulator, `${host}:${simulator.port}`) : () => {}
  const { stopped, stopNow } = stopOnSignal(async () => {
    hide()
    await simulator.stop()
  })
  if (isJson) console.log(JSON.stringify({ ready: true, host, port: simulator.port }))
  if (isSupervised()) {
    const metrics = new Metrics({ process: 'smsc' })
    answerSupervisor(new Health(), () => metrics.registry.getMetricsAsJSON(), stopNow)
    await notifySupervisor({ kind: 'ready', apiUrl: null, simulatorPort: simulator.port })
  }
  return await stopped
}

/** Makes an option of each setting that is no secret. Returns the settings by what the options are called in code. */
function addSettings(command: Command, settings: Settings): Map<string, string> {
  const names = new Map<string, string>()
  for (const [name, { doc, fallback, secret }] of Object.entries(settings)) {
    if (secret) continue
    const flag = SHORT[name] ?? `--${name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')}`
    const shown = fallback === '' ? '' : `; ${fallback} if not given`
    const option = new Option(`${flag} <value>`, `${doc}${shown} [${name}]`)
    command.addOption(option)
    names.set(option.attributeName(), name)
  }
  return names
}
