import { type Command, InvalidArgumentError } from 'commander'
import { createCustomer, issueKey, listCustomers, revokeKey, topUp } from '../accounts/accounts.ts'
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
    .action((customerId: string, { name, currency }: { name?: string; currency: string }) =>
      withDatabase(async (pool) => {
        await createCustomer(pool, { customerId, name: name ?? customerId, currency })
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
          ['CUSTOMER', 'NAME', 'CURRENCY', 'BALANCE', 'RESERVED'],
          rows.map((row) => [row.customer_id, row.name, row.currency, row.balance, row.reserved]),
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
}

function keysCommand(program: Command): void {
  const keys = program.command('keys').description('API keys')
  keys
    .command('create')
    .argument('<customer>')
    .description('prints the key, which is shown only now')
    .action((customerId: string) => withDatabase(async (pool) => console.log((await issueKey(pool, customerId)).key)))
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
