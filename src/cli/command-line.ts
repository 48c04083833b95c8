import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { EXIT } from '../runtime/exit-codes.ts'
import { accountCommands } from './account-commands.ts'
import { auditCommand } from './audit/audit-command.ts'
import { benchCommand } from './bench-command.ts'
import { chaosCommand } from './chaos-command.ts'
import { configCommand } from './config-command.ts'
import { dashboardsCommand } from './dashboards-command.ts'
import { deployCommand } from './deploy-command.ts'
import { dlqCommand } from './dlq/dlq-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { explainError } from './explain-error.ts'
import { groupsCommand } from './groups-command.ts'
import { lagCommand } from './lag-command.ts'
import { operatorsCommand } from './operators/operators-command.ts'
import { portabilityCommand } from './operators/portability-command.ts'
import { incomingCommand } from './operators/received-commands.ts'
import { routesCommand } from './operators/routes-command.ts'
import { planCommand } from './plan/plan-command.ts'
import { replayCommand } from './replay-command.ts'
import { runCommand } from './run-command.ts'
import { segmentsCommand } from './segments-command.ts'
import { sendCommand } from './send-command.ts'
import { smscCommand } from './smsc-command.ts'
import { topicsCommand } from './topics/topics-command.ts'
import { underReplicatedCommand } from './topics/under-replicated-command.ts'
import { upCommand } from './up-command.ts'
import { webhookCommands } from './webhooks/webhook-commands.ts'

/** In the order in which `--help` shows them. `done` gets an exit code other than 0. */
const COMMANDS: readonly ((program: Command, done: (exitCode: number) => void) => void)[] = [
  upCommand,
  runCommand,
  smscCommand,
  sendCommand,
  segmentsCommand,
  lagCommand,
  groupsCommand,
  replayCommand,
  dlqCommand,
  operatorsCommand,
  incomingCommand,
  routesCommand,
  portabilityCommand,
  topicsCommand,
  underReplicatedCommand,
  doctorCommand,
  deployCommand,
  planCommand,
  benchCommand,
  chaosCommand,
  accountCommands,
  webhookCommands,
  auditCommand,
  dashboardsCommand,
  configCommand,
]

/** All commands of `smsgw`. `done` is called with an exit code other than 0. */
export function createProgram(done: (exitCode: number) => void): Command {
  const program = new Command('smsgw')
    .description('An SMS gateway whose backbone is Apache Kafka')
    .version(version())
    .showHelpAfterError('Run it with --help to see what it takes.')
    // Commands that are added below inherit it.
    .exitOverride()
  for (const add of COMMANDS) add(program, done)
  return program
}

/** Runs a command of `smsgw`. Returns the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done
  const program = createProgram((exitCode) => {
    code = exitCode
  })
  try {
    await program.parseAsync(argv as string[])
    return code
  } catch (error) {
    return explain(error)
  }
}

/** Prints an error. Only unexpected ones are shown with their stack. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  console.error(explainError(error) ?? error)
  return EXIT.failed
}

function version(): string {
  const file = join(import.meta.dirname, '../../package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
