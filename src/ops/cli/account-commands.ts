import { Argument, type Command, InvalidArgumentError } from 'commander'
import { createCustomer, issueKey, listCustomers, revokeKey, setExpress, topUp } from '../accounts/accounts.ts'
import { withDatabase } from './find-servers.ts'
import { printJson, printTable } from './print-table.ts'

/** `smsgw customers …` and `smsgw keys …` */
export function accountCommands(program: Command): void {
  customersCommand(program)
  keysCommand(program)
}

function customersCommand(program: Command): void {
  const customers = program.command('customers').description('who sends, and what they have')
  customers
    .command('create')
    .argument('<id>', 'letters, digits, - and _')
    .option('--name <name>', 'as people call it')
    .option('--currency <code>', 'ISO 4217', 'IRR')
    .option('--express', 'permit priority 3', false)
    .action((customerId: string, { name, currency, express }: { name?: string; currency: string; express: boolean }) =>
      withDatabase(async (pool) => {
        await createCustomer(pool, { customerId, name: name ?? customerId, currency, express })
        console.log(
          `Created ${customerId}. Next: smsgw customers top-up ${customerId} AMOUNT, smsgw keys create ${customerId}`,
        )
      }),
    )
  customers
    .command('list')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: true }) =>
      withDatabase(async (pool) => {
        const rows = await listCustomers(pool)
        if (json) return printJson(rows)
        printTable(
          ['CUSTOMER', 'NAME', 'CURRENCY', 'BALANCE', 'RESERVED', 'EXPRESS'],
          rows.map(({ express, ...row }) => [
            ...[row.customer_id, row.name, row.currency, row.balance, row.reserved],
            express ? 'yes' : 'no',
          ]),
        )
      }),
    )
  customers
    .command('top-up')
    .argument('<id>')
    .argument('<amount>', "in the currency's minor unit", wholeNumber)
    .action((customerId: string, amount: number) =>
      withDatabase(async (pool) => console.log(`Balance: ${await topUp(pool, customerId, amount)}`)),
    )
  customers
    .command('express')
    .description('permit priority 3, for one-time passwords, or withdraw it')
    .argument('<id>')
    .addArgument(new Argument('<permission>').choices(['on', 'off']))
    .addHelpText('after', '\nExamples:\n  $ smsgw customers express acme on')
    .action((customerId: string, permission: 'on' | 'off') =>
      withDatabase(async (pool) => {
        await setExpress(pool, customerId, permission === 'on')
        console.log(`Express is ${permission} for ${customerId}, in force within five seconds.`)
      }),
    )
}

function keysCommand(program: Command): void {
  const keys = program.command('keys').description('API keys')
  keys
    .command('create')
    .argument('<customer>')
    .description('prints the key, which is shown only now')
    .option('--no-express', 'refuse priority 3 with this key, also if its customer may send with it')
    .addHelpText('after', '\nExamples:\n  $ smsgw keys create acme\n  $ smsgw keys create acme --no-express')
    .action((customerId: string, { express }: { express: boolean }) =>
      withDatabase(async (pool) => console.log((await issueKey(pool, customerId, { express })).key)),
    )
  keys
    .command('revoke')
    .argument('<key-id>', 'the eight characters behind sg_live_')
    .action((keyId: string) =>
      withDatabase(async (pool) => {
        await revokeKey(pool, keyId)
        console.log(`Revoked ${keyId}; it stops working within five seconds.`)
      }),
    )
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return Number(text)
}
