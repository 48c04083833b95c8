import { relative } from 'node:path'
import { type Command, Option } from 'commander'
import colors from 'picocolors'
import type { ClickHouseSettings } from '../clickhouse/clickhouse-client.ts'
import { clickhouseSettings } from '../clickhouse/config.ts'
import { showFirstMessage } from '../process/first-run/show-first-message.ts'
import { gatewaySettings } from '../process/settings.ts'
import { stopOnSignal } from '../process/stop-on-signal.ts'
import { type RunningGateway, startGateway } from '../process/supervisor/up.ts'
import { packageFile } from '../runtime/package-files.ts'
import { readSettings } from '../runtime/settings.ts'
import { showProgress } from './terminal/show-progress.ts'

/** Processes have seven seconds to finish, then the servers fifteen. */
const FORCE_AFTER_MS = 25_000

interface UpFlags {
  readonly json?: true
  readonly brokers: '1' | '3'
  readonly ephemeral?: true
}

/** `smsgw up` */
export function upCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('up')
    .description('run the whole gateway on this machine, with Kafka, PostgreSQL and ClickHouse unless they are given')
    .option('--json', 'print only one line of JSON, when the gateway is ready')
    .addOption(new Option('--brokers <n>', 'Kafka brokers to start').choices(['1', '3']).default('1'))
    .option('--ephemeral', 'data in a temporary folder, removed at the end')
    .addHelpText(
      'after',
      `\nKAFKA_BROKERS, DATABASE_URL and CLICKHOUSE_URL name servers to use instead of starting them.
\`smsgw config show\` lists every setting.

Examples:
  $ smsgw up
  $ PORT=9090 smsgw up --brokers 3
  $ smsgw up --json --ephemeral`,
    )
    .action(async (flags: UpFlags) => {
      done(await up(flags))
    })
}

async function up(flags: UpFlags): Promise<number> {
  const startedMs = performance.now()
  const gateway = readSettings(gatewaySettings, process.env)
  const clickhouse = readSettings(clickhouseSettings, process.env)
  const stopping = new AbortController()
  let starting: Promise<RunningGateway> | undefined
  // Ctrl-C while it starts breaks the start off, which stops what it has begun. Heard before anything is begun.
  const { stopped } = stopOnSignal(async () => {
    if (!flags.json) console.error('Stopping …')
    stopping.abort()
    await (await starting?.catch(() => null))?.stop()
  }, FORCE_AFTER_MS)
  starting = startGateway({
    gateway,
    clickhouseUrl: clickhouse.CLICKHOUSE_URL,
    env: process.env,
    brokers: flags.brokers === '3' ? 3 : 1,
    ephemeral: flags.ephemeral === true,
    progress: showProgress(startedMs),
    notify: (what) => console.error(what),
    stopping: stopping.signal,
  })
  const running = await starting.catch((error) => {
    if (stopping.signal.aborted) return null
    throw error
  })
  if (!running) return await stopped
  const { pid: _pid, ...servers } = running.servers
  if (flags.json) console.log(JSON.stringify({ ready: true, ...servers }))
  else await welcome(running, clickhouse, (performance.now() - startedMs) / 1_000)
  return await stopped
}

async function welcome(running: RunningGateway, clickhouse: ClickHouseSettings, seconds: number): Promise<void> {
  const { api, admin, api_key, kafka } = running.servers
  const campaign = relative('.', packageFile('examples/campaign.csv'))
  console.log(`\n${colors.bold('The gateway is ready')} after ${seconds.toFixed(1)} s.\n`)
  // The gateway runs, whatever befalls its first message.
  await showFirstMessage(running.servers, clickhouse).catch((error: Error) => console.error(error.message))
  console.log(`
API      ${api}        docs ${api}/docs
Metrics  ${admin}/metrics   health ${admin}/readyz
Kafka    ${kafka}
Data     ${running.dataFolder}   logs ${running.dataFolder}/logs

Send a message:
  curl ${api}/v1/messages -H 'Authorization: Bearer ${api_key}' \\
    -H 'Content-Type: application/json' -d '{"to":"+989121234567","text":"Hello"}'
A campaign of 1,000:   npx smsgw send --file ${campaign}
How far consumers are: npx smsgw lag
Ctrl-C stops everything.`)
}
