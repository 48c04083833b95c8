import type { Command } from 'commander'
import { type ClickHouseSettings, createClickHouse, readRows, withoutLogin } from '../clickhouse/clickhouse-client.ts'
import { clickhouseSettings } from '../clickhouse/config.ts'
import { GONE_IN_KAFKA_4 } from '../kafka/brokers/broker-settings.ts'
import { retentionSettings } from '../monitor/retention/config.ts'
import { gatewaySettings } from '../process/settings.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { readSettings } from '../runtime/settings.ts'
import { examineDatabase, examineKafka, examineRetention, examineTopics } from '../tools/doctor/examine.ts'
import { exitCodeOf, type Finding } from '../tools/doctor/finding.ts'
import { readTopicsFile } from '../topics/topics-file.ts'
import { explainError } from './explain-error.ts'
import { findClickHouse, withCluster, withDatabase } from './find-servers.ts'
import { inputFile } from './terminal/input-file.ts'
import { printJson } from './terminal/print-table.ts'

interface DoctorFlags {
  readonly file: string
  readonly all?: true
  readonly json?: true
}

/** `smsgw doctor` */
export function doctorCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('doctor')
    .description('check the servers, and report problems with their effect and remedy')
    .option('-f, --file <path>', 'the declared topics', inputFile, gatewaySettings.TOPICS_FILE.fallback)
    .option('--all', 'include passing checks')
    .option('--json', 'everything, as JSON')
    .addHelpText(
      'after',
      `\nExit code: 0 all is well, 2 there are warnings, 1 there are faults.

Kafka 4 does not know these settings of older files; they do not belong into server.properties:
${GONE_IN_KAFKA_4.map(({ name, why }) => `  ${name}: ${why}`).join('\n')}

Examples:
  $ smsgw doctor
  $ smsgw doctor --all --json`,
    )
    .action(async (flags: DoctorFlags) => {
      const findings = await examine(flags.file)
      done(exitCodeOf(findings))
      if (flags.json) return printJson(findings)
      print(findings, flags.all === true)
    })
}

/** Examines all servers at once; one that cannot be reached is a finding, and hides no other. */
async function examine(topicsFile: string): Promise<Finding[]> {
  const declared = readTopicsFile(topicsFile)
  const { DATABASE_CONNECTIONS_MAX } = readSettings(gatewaySettings, process.env)
  const parts = await Promise.all([
    attempt('kafka', () => withCluster(examineKafka)),
    attempt('topics', () => withCluster((cluster) => examineTopics(cluster, declared))),
    attempt('postgresql', () => withDatabase((pool) => examineDatabase(pool, DATABASE_CONNECTIONS_MAX))),
    attempt('retention', () =>
      withDatabase((pool) => examineRetention(pool, readSettings(retentionSettings, process.env))),
    ),
    attempt('clickhouse', examineClickHouse),
  ])
  const node: Finding = { of: 'versions', level: 'ok', what: `Node ${process.version}`, advice: '' }
  return [...parts.flat(), node]
}

async function attempt(of: string, examination: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await examination()
  } catch (error) {
    const advice = error instanceof ExpectedError ? '' : 'Check its address, and that it runs.'
    return [{ of, level: 'fault', what: explainError(error) ?? String(error), advice }]
  }
}

async function examineClickHouse(): Promise<Finding[]> {
  const settings: ClickHouseSettings = {
    ...readSettings(clickhouseSettings, process.env),
    CLICKHOUSE_URL: findClickHouse(),
    CLICKHOUSE_DATABASE: 'default',
  }
  const client = createClickHouse(settings)
  try {
    const [row] = await readRows<{ version: string }>(client, 'SELECT version() AS version')
    return [
      { of: 'clickhouse', level: 'ok', what: 'answers', advice: '' },
      { of: 'versions', level: 'ok', what: `ClickHouse ${row?.version}`, advice: '' },
    ]
  } catch (error) {
    const what = `does not answer at ${withoutLogin(settings.CLICKHOUSE_URL)}: ${(error as Error).message}`
    const advice = 'Analytics stop until it does; messages are unaffected. Check CLICKHOUSE_URL and its log.'
    return [{ of: 'clickhouse', level: 'fault', what, advice }]
  } finally {
    await client.close()
  }
}

function print(findings: readonly Finding[], all: boolean): void {
  const shown = findings.filter(({ level }) => all || level !== 'ok')
  for (const { of, level, what, advice, commands = [] } of shown) {
    console.log(`${level.padEnd(8)}${of}: ${what}`)
    if (advice) console.log(`        ${advice}`)
    for (const command of commands) console.log(`        $ ${command}`)
  }
  const count = (level: Finding['level']): number => findings.filter((each) => each.level === level).length
  console.log(`${count('ok')} well, ${count('warning')} warnings, ${count('fault')} faults`)
}
