import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { CONNECTORS } from '../../delivery/connectors/connectors.ts'
import { readPhone } from '../../domain/phone.ts'
import type { NumberNetwork } from '../../domain/routing/networks.ts'
import { countryOf } from '../../operators/country-of.ts'
import { OperatorSetup } from '../../operators/operator-setup.ts'
import { declaredOf } from '../../operators/operator-store.ts'
import { parseOperators } from '../../operators/operators-file.ts'
import { createPortability, portabilitySettings } from '../../operators/portability/create-portability.ts'
import type { Pool } from '../../postgres/pool.ts'
import { EXIT } from '../../runtime/exit-codes.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { readSettings } from '../../runtime/settings.ts'
import { withDatabase } from '../find-servers.ts'
import { inputFile } from '../terminal/input-file.ts'
import { printJson, printTable } from '../terminal/print-table.ts'
import { findRevision } from './operators-command.ts'

interface ExplainFlags {
  readonly from?: string
  readonly customer?: string
  readonly priority: string
  readonly file?: string
  readonly json?: true
}

/** `smsgw routes explain` */
export function routesCommand(program: Command, done: (exitCode: number) => void): void {
  const routes = program.command('routes').description('inspect message routing')
  routes
    .command('explain')
    .description('list the operators that a message would go to, in order, and why. Exit code: 1 if none')
    .argument('<phone>', 'as in +989121234567')
    .option('--from <sender>', 'with this sender')
    .option('--customer <id>', 'of this customer')
    .option('--priority <n>', '0 to 3', '1')
    .option('-f, --file <path>', 'by this file, instead of what is in force', inputFile)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw routes explain +989121234567
  $ smsgw routes explain +989351234567 --customer acme --from 30001234 -f operators.yaml`,
    )
    .action(async (phone: string, flags: ExplainFlags) => {
      if (!(await explain(phone, flags))) done(EXIT.failed)
    })
}

async function explain(text: string, flags: ExplainFlags): Promise<boolean> {
  const read = readPhone(text)
  if ('fault' in read) throw new ExpectedError(`"${text}" is no number as in +989121234567: it ${read.fault}.`)
  const { phone } = read
  if (!/^[0-3]$/.test(flags.priority)) throw new ExpectedError('--priority must be 0, 1, 2 or 3.')
  return withDatabase(async (pool) => {
    const setup = await setupOf(pool, flags.file)
    const network = await networkOf(pool, setup, phone)
    const { from: sender = null, customer: customerId = '', priority } = flags
    const ranking = setup.rank({ phone, sender, customerId, priority: Number(priority), network })
    const facts = { phone, country: countryOf(phone), network, revision: setup.revision || null }
    if (ranking.kind !== 'ranked') {
      const why = ranking.kind === 'no-route' ? 'No route fits.' : `The sender is refused by ${ranking.by}.`
      if (flags.json) printJson({ ...facts, candidates: [], why })
      else console.log(why)
      return false
    }
    if (flags.json) printJson({ ...facts, candidates: ranking.candidates })
    else showCandidates(facts, ranking.candidates)
    return true
  })
}

async function setupOf(pool: Pool, file: string | undefined): Promise<OperatorSetup> {
  if (file !== undefined) return new OperatorSetup(0, parseOperators(readFileSync(file, 'utf8'), file, CONNECTORS))
  const inForce = await findRevision(pool)
  return new OperatorSetup(inForce.revision, declaredOf(inForce, CONNECTORS))
}

async function networkOf(pool: Pool, setup: OperatorSetup, phone: string): Promise<NumberNetwork | null> {
  const portability = createPortability(readSettings(portabilitySettings, process.env), pool)
  try {
    return setup.networkOf(phone, (await portability.networksOf([phone])).get(phone))
  } finally {
    await portability.stop()
  }
}

function showCandidates(
  { phone, country, network }: { phone: string; country: string | null; network: NumberNetwork | null },
  candidates: readonly { operator: string; price: number; sender: string | null; why: string }[],
): void {
  const known = network ? `${network.mccMnc} ${network.known}` : 'network not known'
  console.error(`${phone}: ${country ?? 'no country'}, ${known}`)
  printTable(
    ['ORDER', 'OPERATOR', 'PRICE', 'SENDER', 'WHY'],
    candidates.map(({ operator, price, sender, why }, index) => [
      index + 1,
      operator,
      price,
      sender ?? '(its own)',
      why,
    ]),
  )
}
