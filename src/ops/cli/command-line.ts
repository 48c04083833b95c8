import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { accountCommands } from './account-commands.ts'
import { auditCommand } from './audit-command.ts'
import { configCommand } from './config-command.ts'
import { deployCommand } from './deploy-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { explainError } from './explain-error.ts'
import { lagCommand } from './lag-command.ts'
import { runCommand } from './run-command.ts'
import { sendCommand } from './send-command.ts'
import { simulatorCommand } from './simulator-command.ts'
import { topicsCommand } from './topics-command.ts'
import { underReplicatedCommand } from './under-replicated-command.ts'
import { upCommand } from './up-command.ts'
import { webhookCommands } from './webhook-commands.ts'

/** Runs a command of `smsgw`. Returns the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code = 0
  const program = new Command('smsgw')
    .description('An SMS gateway whose backbone is Apache Kafka')
    .version(version())
    .showHelpAfterError('Run it with --help to see what it takes.')
    .exitOverride()
  const done = (exitCode: number): void => {
    code = exitCode
  }
  for (const add of [
    upCommand,
    runCommand,
    simulatorCommand,
    auditCommand,
    deployCommand,
    doctorCommand,
    topicsCommand,
    underReplicatedCommand,
  ]) {
    add(program, done)
  }
  for (const add of [sendCommand, lagCommand, accountCommands, webhookCommands, configCommand]) {
    add(program)
  }
  for (const command of program.commands) command.exitOverride()
  try {
    await program.parseAsync(argv as string[])
    return code
  } catch (error) {
    return explain(error)
  }
}

/** Says what went wrong. Only what nobody expected is shown with its stack. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  console.error(explainError(error) ?? error)
  return 1
}

function version(): string {
  const file = join(import.meta.dirname, '../../../package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
