import type { Command } from 'commander'
import { issueKey, type KeyRow, listKeys, revokeKey } from '../accounts/accounts.ts'
import { actorOf, BY_OPTION } from './dlq/dlq-options.ts'
import { changeDatabase, withDatabase } from './find-servers.ts'
import { LIMIT_OPTION, type ListOptions, readLimited } from './terminal/limit-rows.ts'
import { printJson, printTable } from './terminal/print-table.ts'

export interface JsonOption {
  readonly json?: true
}

/** Of commands that change something. */
export interface ChangeOptions extends JsonOption {
  readonly by?: string
}

/** `smsgw keys …` */
export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('manage API keys')
  createCommand(keys)
  listCommand(keys)
  revokeCommand(keys)
}

function createCommand(keys: Command): void {
  keys
    .command('create')
    .description('create an API key, and print it: it cannot be shown again')
    .argument('<customer>', 'owner of the key')
    .option('--no-express', 'refuse priority 3 with this key, also if its customer may send with it')
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw keys create acme\n  $ smsgw keys create acme --no-express')
    .action(async (customerId: string, options: ChangeOptions & { express: boolean }) => {
      const { express, json } = options
      const { keyId, key } = await changeDatabase(actorOf(options), async (connection) => {
        const result = await issueKey(connection, customerId, { express })
        const details = { customer: customerId, express }
        return { act: { act: 'key.created', subject: result.keyId, details }, result }
      })
      if (json) return printJson({ customer_id: customerId, key_id: keyId, key, express })
      console.log(key)
    })
}

function listCommand(keys: Command): void {
  keys
    .command('list')
    .description('list API keys without their secrets, the oldest first')
    .argument('[customer]', 'only keys of this customer')
    .option('--revoked', 'include revoked keys')
    .option(...LIMIT_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw keys list\n  $ smsgw keys list acme --revoked --json')
    .action((customerId: string | undefined, { revoked, json, limit }: ListOptions & { revoked?: true }) =>
      withDatabase(async (pool) => {
        const filter = { customerId: customerId ?? null, withRevoked: revoked ?? false }
        const rows = await readLimited(limit, (rowsMax) => listKeys(pool, { ...filter, rowsMax }))
        if (json) return printJson(rows)
        printTable(['KEY', 'PREFIX', 'CUSTOMER', 'CREATED', 'EXPRESS', 'STATE'], rows.map(cells))
      }),
    )
}

function cells({ key_id, prefix, customer_id, created_at, express, revoked_at }: KeyRow): string[] {
  const state = revoked_at === null ? 'valid' : `revoked ${revoked_at.toISOString()}`
  return [key_id, prefix, customer_id, created_at.toISOString(), express ? 'yes' : 'no', state]
}

function revokeCommand(keys: Command): void {
  keys
    .command('revoke')
    .description('revoke an API key for good')
    .argument('<key-id>', 'the eight characters behind sg_live_, as `smsgw keys list` shows them')
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw keys revoke 2kVb0yQ1')
    .action(async (keyId: string, options: ChangeOptions) => {
      await changeDatabase(actorOf(options), async (connection) => {
        await revokeKey(connection, keyId)
        return { act: { act: 'key.revoked', subject: keyId }, result: null }
      })
      if (options.json) return printJson({ key_id: keyId, revoked: true })
      console.log(`Revoked ${keyId}; it stops working within five seconds.`)
    })
}
