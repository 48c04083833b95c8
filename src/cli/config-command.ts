import type { Command } from 'commander'
import { ROLE_NAMES, ROLES } from '../process/roles.ts'
import { gatewaySettings } from '../process/settings.ts'
import { upSettings } from '../process/supervisor/config.ts'
import { readSettings, type Setting, type Settings } from '../runtime/settings.ts'
import { simulatorSettings } from '../simulator/config.ts'
import { printJson, printTable } from './terminal/print-table.ts'

/** `smsgw config show` */
export function configCommand(program: Command): void {
  const config = program.command('config').description('show configuration')
  config
    .command('show')
    .description('show every setting with its value, source and meaning. Secrets are not shown.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw config show\n  $ PORT=9090 smsgw config show --json')
    .action(({ json }: { json?: true }) => {
      const rows = Object.entries(allSettings()).flatMap(([of, settings]) => {
        const values: Record<string, unknown> = readSettings(settings, process.env)
        return Object.entries(settings).map(([name, setting]) => describe(of, name, setting, values[name]))
      })
      if (json) return printJson(rows)
      printTable(
        ['OF', 'SETTING', 'VALUE', 'FROM', 'MEANING'],
        rows.map((row) => [row.of, row.setting, String(row.value), row.from, row.meaning]),
      )
    })
}

/** Settings by the roles that read them. */
export function allSettings(): Record<string, Settings> {
  const ofRoles = ROLE_NAMES.map((name) => [name, ROLES[name].settings] as const)
  return { gateway: gatewaySettings, up: upSettings, ...Object.fromEntries(ofRoles), simulator: simulatorSettings }
}

function describe(of: string, setting: string, { doc, secret }: Setting<unknown>, value: unknown) {
  const from = process.env[setting] ? 'environment' : 'default'
  return { of, setting, value: secret && value !== '' ? '(set)' : value, from, meaning: doc }
}
