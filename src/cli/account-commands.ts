import { Argument, type Command, InvalidArgumentError } from 'commander'
import { createCustomer, listCustomers, setExpress, topUp } from '../accounts/accounts.ts'
import { actorOf, BY_OPTION } from './dlq/dlq-options.ts'
import { changeDatabase, withDatabase } from './find-servers.ts'
import { type ChangeOptions, keysCommand } from './keys-command.ts'
import { LIMIT_OPTION, type ListOptions, readLimited } from './terminal/limit-rows.ts'
import { printJson, printTable } from './terminal/print-table.ts'

interface CreateOptions extends ChangeOptions {
  readonly name?: string
  readonly currency: string
  readonly express: boolean
}

/** `smsgw customers …` and `smsgw keys …` */
export function accountCommands(program: Command): void {
  customersCommand(program)
  keysCommand(program)
}

interface CreateOptions {
  readonly name?: string
  readonly currency: string
  readonly express: boolean
  readonly json?: true
}

function customersCommand(program: Command): void {
  const customers = program.command('customers').description('manage customers and balances')
  customers
    .command('create')
    .description('create a customer with an empty balance')
    .argument('<customer>', 'its id: letters, digits, - and _')
    .option('--name <name>', 'display name')
    .option('--currency <code>', 'ISO 4217', 'IRR')
    .option('--express', 'permit priority 3', false)
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw customers create acme --name "Acme Ltd." --currency EUR')
    .action(async (customerId: string, options: CreateOptions) => {
      const { name = customerId, currency, express, json } = options
      await changeDatabase(actorOf(options), async (connection) => {
        await createCustomer(connection, { customerId, name, currency, express })
        return { act: { act: 'customer.created', subject: customerId, details: { currency, express } }, result: null }
      })
      if (json) return printJson({ customer_id: customerId, name, currency, express })
      console.log(
        `Created ${customerId}. Next: smsgw customers top-up ${customerId} AMOUNT, smsgw keys create ${customerId}`,
      )
    })
  customers
    .command('list')
    .description('list customers and their balances, by their ids')
    .option(...LIMIT_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw customers list')
    .action(({ json, limit }: ListOptions) =>
      withDatabase(async (pool) => {
        const rows = await readLimited(limit, (rowsMax) => listCustomers(pool, rowsMax))
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
  balanceCommands(customers)
}

function balanceCommands(customers: Command): void {
  customers
    .command('top-up')
    .description('add to the balance of a customer')
    .argument('<customer>', 'its id')
    .argument('<amount>', "in the currency's minor unit", wholeNumber)
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw customers top-up acme 100000')
    .action(async (customerId: string, amount: number, options: ChangeOptions) => {
      const balance = await changeDatabase(actorOf(options), async (connection) => {
        const result = await topUp(connection, customerId, amount)
        const details = { amount, balance: result }
        return { act: { act: 'customer.topped-up', subject: customerId, details }, result }
      })
      if (options.json) return printJson({ customer_id: customerId, balance })
      console.log(`Balance: ${balance}`)
    })
  customers
    .command('express')
    .description('permit priority 3, for one-time passwords, or withdraw it')
    .argument('<customer>', 'its id')
    .addArgument(new Argument('<permission>', 'on or off').choices(['on', 'off']))
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw customers express acme on')
    .action(async (customerId: string, permission: 'on' | 'off', options: ChangeOptions) => {
      await changeDatabase(actorOf(options), async (connection) => {
        await setExpress(connection, customerId, permission === 'on')
        return { act: { act: 'customer.express-set', subject: customerId, details: { permission } }, result: null }
      })
      if (options.json) return printJson({ customer_id: customerId, express: permission === 'on' })
      console.log(`Express is ${permission} for ${customerId}, in force within five seconds.`)
    })
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return Number(text)
}
