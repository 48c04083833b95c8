import { Argument, type Command, InvalidArgumentError } from 'commander'
import { createCustomer, issueKey, listCustomers, revokeKey, setExpress, topUp } from '../accounts/accounts.ts'
import { actorOf, BY_OPTION } from './dlq-options.ts'
import { changeDatabase, withDatabase } from './find-servers.ts'
import { printJson, printTable } from './print-table.ts'

interface ByOptions {
  readonly by?: string
}

interface CreateOptions extends ByOptions {
  readonly name?: string
  readonly currency: string
  readonly express: boolean
}

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
    .option(...BY_OPTION)
    .action(async (customerId: string, options: CreateOptions) => {
      const { name = customerId, currency, express } = options
      await changeDatabase(actorOf(options), async (connection) => {
        await createCustomer(connection, { customerId, name, currency, express })
        return { act: { act: 'customer.created', subject: customerId, details: { currency, express } }, result: null }
      })
      console.log(
        `Created ${customerId}. Next: smsgw customers top-up ${customerId} AMOUNT, smsgw keys create ${customerId}`,
      )
    })
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
    .option(...BY_OPTION)
    .action(async (customerId: string, amount: number, options: ByOptions) => {
      const balance = await changeDatabase(actorOf(options), async (connection) => {
        const result = await topUp(connection, customerId, amount)
        const details = { amount, balance: result }
        return { act: { act: 'customer.topped-up', subject: customerId, details }, result }
      })
      console.log(`Balance: ${balance}`)
    })
  customers
    .command('express')
    .description('permit priority 3, for one-time passwords, or withdraw it')
    .argument('<id>')
    .addArgument(new Argument('<permission>').choices(['on', 'off']))
    .option(...BY_OPTION)
    .addHelpText('after', '\nExamples:\n  $ smsgw customers express acme on')
    .action(async (customerId: string, permission: 'on' | 'off', options: ByOptions) => {
      await changeDatabase(actorOf(options), async (connection) => {
        await setExpress(connection, customerId, permission === 'on')
        return { act: { act: 'customer.express-set', subject: customerId, details: { permission } }, result: null }
      })
      console.log(`Express is ${permission} for ${customerId}, in force within five seconds.`)
    })
}

function keysCommand(program: Command): void {
  const keys = program.command('keys').description('API keys')
  keys
    .command('create')
    .argument('<customer>')
    .description('prints the key, which is shown only now')
    .option('--no-express', 'refuse priority 3 with this key, also if its customer may send with it')
    .option(...BY_OPTION)
    .addHelpText('after', '\nExamples:\n  $ smsgw keys create acme\n  $ smsgw keys create acme --no-express')
    .action(async (customerId: string, options: ByOptions & { express: boolean }) => {
      const { express } = options
      const key = await changeDatabase(actorOf(options), async (connection) => {
        const issued = await issueKey(connection, customerId, { express })
        const details = { customer: customerId, express }
        return { act: { act: 'key.created', subject: issued.keyId, details }, result: issued.key }
      })
      console.log(key)
    })
  keys
    .command('revoke')
    .argument('<key-id>', 'the eight characters behind sg_live_')
    .option(...BY_OPTION)
    .action(async (keyId: string, options: ByOptions) => {
      await changeDatabase(actorOf(options), async (connection) => {
        await revokeKey(connection, keyId)
        return { act: { act: 'key.revoked', subject: keyId }, result: null }
      })
      console.log(`Revoked ${keyId}; it stops working within five seconds.`)
    })
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return Number(text)
}
