import { Argument, type Command } from 'commander'
import type { ApiService } from '../api/api-service.ts'
import { ROLE_NAMES, ROLES, type RoleName } from '../process/roles.ts'
import { startRoles } from '../process/run-roles.ts'
import { gatewaySettings } from '../process/settings.ts'
import { stopOnSignal } from '../process/stop-on-signal.ts'
import { answerSupervisor, isSupervised, notifySupervisor } from '../process/supervisor/answer-supervisor.ts'
import { createLog } from '../runtime/log.ts'
import { readSettings } from '../runtime/settings.ts'
import { explainError } from './explain-error.ts'

/** `smsgw run ROLE…` */
export function runCommand(program: Command, done: (exitCode: number) => void): void {
  const roles = ROLE_NAMES.map((name) => `  ${name.padEnd(10)}${ROLES[name].doc}`).join('\n')
  program
    .command('run')
    .description('run roles of the gateway in this process, against the servers that the environment names')
    .addArgument(new Argument('<role...>', 'one or more of the roles below').choices(ROLE_NAMES))
    .addHelpText(
      'after',
      `\nRoles:\n${roles}\n\nExamples:
  $ KAFKA_BROKERS=k1:9092,k2:9092 DATABASE_URL=postgres://… smsgw run api relay
  $ smsgw run worker        as many of these as you like, on as many machines`,
    )
    .action(async (names: RoleName[]) => {
      done(await run([...new Set(names)]))
    })
}

async function run(names: readonly RoleName[]): Promise<number> {
  const processName = process.env.SMSGW_PROCESS ?? names.join('-')
  try {
    const gateway = readSettings(gatewaySettings, process.env)
    const log = createLog(processName, gateway.LOG_LEVEL)
    const roles = startRoles(names, {
      gateway,
      env: process.env,
      processName,
      servesOperations: !isSupervised(),
      log,
      waiting: (why) => void notifySupervisor({ kind: 'waiting', why }),
    })
    const { stopped, stopNow } = stopOnSignal(() => roles.stop())
    if (isSupervised()) answerSupervisor(roles.health, () => roles.metrics.registry.getMetricsAsJSON(), stopNow)
    const running = await roles.started
    if (running) {
      log.info({ roles: names }, 'running')
      const api = running.get('api') as ApiService | undefined
      await notifySupervisor({ kind: 'ready', apiUrl: api?.url ?? null, simulatorPort: null })
    }
    return await stopped
  } catch (error) {
    const why = explainError(error)
    if (isSupervised() && why !== null) await notifySupervisor({ kind: 'unusable', why })
    throw error
  }
}
