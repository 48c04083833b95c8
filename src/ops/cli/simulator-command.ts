import type { Command } from 'commander'
import { Health } from '../../runtime/health.ts'
import { createLog } from '../../runtime/log.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { readSettings } from '../../runtime/settings.ts'
import { simulatorSettings } from '../../simulator/config.ts'
import { Simulator } from '../../simulator/simulator.ts'
import { stopOnSignal } from '../stop-on-signal.ts'
import { answerSupervisor, isSupervised, tellSupervisor } from '../up/answer-supervisor.ts'

/** `smsgw simulator` */
export function simulatorCommand(program: Command, done: (exitCode: number) => void): void {
  const settings = Object.entries(simulatorSettings).map(
    ([name, { doc, fallback }]) => `  ${name.padEnd(28)}${doc} [${fallback}]`,
  )
  program
    .command('simulator')
    .description('run the simulator operator, which takes messages and sends receipts as it is told to')
    .addHelpText(
      'after',
      `\nSettings, by environment variable:\n${settings.join('\n')}\n\nExample:
  $ SIMULATOR_PORT=2775 SIMULATOR_TEMPORARY_SHARE=0.1 SIMULATOR_LEDGER=ledger.ndjson smsgw simulator`,
    )
    .action(async () => {
      const log = createLog('simulator')
      const simulator = new Simulator(readSettings(simulatorSettings, process.env), log)
      await simulator.start()
      const { stopped, stopNow } = stopOnSignal(() => simulator.stop())
      if (isSupervised()) {
        answerSupervisor(new Health(), new Metrics({ process: 'simulator' }), stopNow)
        await tellSupervisor({ tell: 'ready', apiUrl: null, simulatorPort: simulator.port })
      }
      done(await stopped)
    })
}
