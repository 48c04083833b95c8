import type { Command } from 'commander'
import type { Status } from '../../domain/status.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { readSettings } from '../../runtime/settings.ts'
import { webhookSettings } from '../../webhooks/config.ts'
import { createEndpoint, type Endpoint, listEndpoints, readEndpoint } from '../../webhooks/endpoints.ts'
import { type Backlog, COUNT_MAX, countErrors, listBacklogs } from '../../webhooks/list-backlogs.ts'
import { actorOf, BY_OPTION } from '../dlq/dlq-options.ts'
import { changeDatabase, withDatabase } from '../find-servers.ts'
import { LIMIT_OPTION, type ListOptions, readLimited } from '../terminal/limit-rows.ts'
import { printJson, printTable } from '../terminal/print-table.ts'
import { webhookChangeCommands } from './webhook-change-commands.ts'

const ERRORS_MAX = 10

interface CreateOptions {
  readonly statuses?: string
  readonly by?: string
  readonly json?: true
}

/** `smsgw webhooks …` */
export function webhookCommands(program: Command): void {
  const webhooks = program.command('webhooks').description('manage webhook endpoints and their undelivered events')
  createCommand(webhooks)
  listCommand(webhooks)
  showCommand(webhooks)
  webhookChangeCommands(webhooks)
}

function createCommand(webhooks: Command): void {
  webhooks
    .command('create')
    .argument('<customer>', 'the customer whose events it receives')
    .argument('<url>', 'https:// or http://; USER:PASSWORD@ in it is sent as Basic authentication')
    .option('--statuses <list>', 'separated by commas (default: the final ones)')
    .option(...BY_OPTION)
    .option('--json', 'as JSON')
    .description('create an endpoint, and print the secret for checking signatures (Standard Webhooks)')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw webhooks create acme https://acme.example.com/sms-events
  $ smsgw webhooks create acme https://user:secret@acme.example.com/hook --statuses sent,delivered,failed`,
    )
    .action(async (customerId: string, url: string, options: CreateOptions) => {
      const { statuses, json } = options
      const wanted = statuses?.split(',').map((status) => status.trim()) as Status[] | undefined
      const { WEBHOOK_ALLOW_PRIVATE: allowed } = readSettings(webhookSettings, process.env)
      const asked = { customerId, url, statuses: wanted, allowPrivate: allowed === 'yes' }
      const created = await changeDatabase(actorOf(options), async (connection) => {
        const result = await createEndpoint(connection, asked)
        // Paths and queries may hold a receiver's secret.
        const details = { customer: customerId, host: new URL(result.url).host, statuses: result.statuses }
        return { act: { act: 'webhook.created', subject: result.endpoint_id, details }, result }
      })
      if (json) printJson({ ...shown(created), secret: created.secret })
      else console.log(`${created.endpoint_id}  ${created.secret}`)
    })
}

function listCommand(webhooks: Command): void {
  webhooks
    .command('list')
    .argument('[customer]', 'only endpoints of this customer')
    .option(...LIMIT_OPTION)
    .option('--json', 'as JSON')
    .description('list endpoints, their states and undelivered events')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks list acme')
    .action((customerId: string | undefined, { json, limit }: ListOptions) =>
      withDatabase(async (pool) => {
        const endpoints = await readLimited(limit, (rowsMax) => listEndpoints(pool, { customerId, rowsMax }))
        const backlogs = await listBacklogs(
          pool,
          endpoints.map(({ endpoint_id }) => endpoint_id),
        )
        const backlogOf = ({ endpoint_id }: Endpoint) => backlogs.get(endpoint_id)
        if (json)
          return printJson(endpoints.map((endpoint) => ({ ...shown(endpoint), ...counts(backlogOf(endpoint)) })))
        printTable(
          ['ENDPOINT', 'CUSTOMER', 'URL', 'STATUSES', 'WAITING', 'EXHAUSTED', 'OLDEST', 'STATE', 'LAST ERROR'],
          endpoints.map((endpoint) => listRow(endpoint, backlogOf(endpoint))),
        )
      }),
    )
}

function listRow(endpoint: Endpoint, backlog: Backlog | undefined): (string | number)[] {
  const { endpoint_id, customer_id, url, statuses } = endpoint
  return [
    ...[endpoint_id, customer_id, url, statuses.join()],
    ...[atMost(backlog?.waiting ?? 0), atMost(backlog?.exhausted ?? 0), backlog?.oldest_at.toISOString() ?? '-'],
    ...[stateOf(endpoint), backlog?.last_error ?? '-'],
  ]
}

function showCommand(webhooks: Command): void {
  webhooks
    .command('show')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option('--json', 'as JSON')
    .description('show an endpoint, and why its events are undelivered')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks show we_2kVb0yQ1rT9x')
    .action((endpointId: string, { json }: { json?: true }) =>
      withDatabase(async (pool) => {
        const endpoint = await readEndpoint(pool, endpointId)
        if (!endpoint) throw new ExpectedError(`there is no endpoint "${endpointId}"`)
        const backlog = (await listBacklogs(pool, [endpointId])).get(endpointId)
        const errors = await countErrors(pool, endpointId, ERRORS_MAX)
        if (json) return printJson({ ...shown(endpoint), ...counts(backlog), errors })
        printTable(['', ''], showRows(endpoint, backlog))
        if (errors.length === 0) return
        console.log()
        printTable(
          ['EVENTS', 'ATTEMPTS', 'LAST ERROR'],
          errors.map(({ events, attempts_max, last_error }) => [events, attempts_max, last_error]),
        )
      }),
    )
}

function showRows(endpoint: Endpoint, backlog: Backlog | undefined): [string, string][] {
  return [
    ['endpoint', endpoint.endpoint_id],
    ['customer', endpoint.customer_id],
    ['url', endpoint.url],
    ['authentication', endpoint.credentials === null ? 'none' : 'Basic'],
    ['statuses', endpoint.statuses.join(', ')],
    ['state', stateOf(endpoint)],
    ['waiting', String(atMost(backlog?.waiting ?? 0))],
    ['exhausted', String(atMost(backlog?.exhausted ?? 0))],
    ['oldest', backlog?.oldest_at.toISOString() ?? '-'],
    ['next attempt', endpoint.disabled_at ? 'none while disabled' : (backlog?.next_at?.toISOString() ?? '-')],
  ]
}

/** What may be printed of an endpoint: neither its secret nor its credentials. */
function shown({ secret: _, credentials, ...endpoint }: Endpoint) {
  return { ...endpoint, authentication: credentials === null ? null : 'basic' }
}

function counts(backlog: Backlog | undefined) {
  const { waiting = 0, exhausted = 0, oldest_at = null, next_at = null, last_error = null } = backlog ?? {}
  return { waiting, exhausted, oldest_at, next_at, last_error }
}

function stateOf({ disabled_reason: reason, failing_since: since, backlog_full: isFull }: Endpoint): string {
  if (reason !== null) return `disabled: ${reason}`
  const full = isFull ? ', backlog full' : ''
  return since === null ? `enabled${full}` : `failing since ${since.toISOString()}${full}`
}

function atMost(events: number): number | string {
  return events >= COUNT_MAX ? `${COUNT_MAX}+` : events
}
