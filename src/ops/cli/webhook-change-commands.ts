import type { Command } from 'commander'
import type { Pool } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { discardBacklog, retryBacklog } from '../../webhooks/change-backlog.ts'
import { deleteEndpoint, disableEndpoint, enableEndpoint } from '../../webhooks/change-endpoints.ts'
import { listEndpoints } from '../../webhooks/endpoints.ts'
import { listBacklogs } from '../../webhooks/list-backlogs.ts'
import { askForYes } from './ask.ts'
import { withDatabase } from './find-servers.ts'
import type { JsonOption } from './keys-command.ts'
import { printJson } from './print-table.ts'

interface DisableOptions extends JsonOption {
  readonly reason: string
}

interface ConfirmOptions extends JsonOption {
  readonly exhausted?: true
  readonly yes?: true
}

/** Commands that change an endpoint, or what waits for it. */
export function webhookChangeCommands(webhooks: Command): void {
  stateCommands(webhooks)
  backlogCommands(webhooks)
}

function stateCommands(webhooks: Command): void {
  webhooks
    .command('disable')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option('--reason <text>', 'shown by `smsgw webhooks list`', 'by an operator')
    .description('stop posting to an endpoint; undelivered events are kept, and new ones are not stored')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks disable we_2kVb0yQ1rT9x --reason maintenance')
    .action((endpointId: string, { reason, json }: DisableOptions) =>
      withDatabase(async (pool) => {
        const isNew = await disableEndpoint(pool, endpointId, reason)
        const { waiting } = await eventsOf(pool, endpointId)
        if (json) return printJson({ endpoint_id: endpointId, state: 'disabled', changed: isNew, waiting })
        console.log(
          `${isNew ? 'Disabled' : 'Disabled already:'} ${endpointId}; ${waiting} undelivered events are kept. ` +
            `Next: smsgw webhooks enable ${endpointId}, or discard ${endpointId}`,
        )
      }),
    )
  webhooks
    .command('enable')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .description('post to an endpoint again, beginning with the events that were kept for it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks enable we_2kVb0yQ1rT9x')
    .action((endpointId: string, { json }: JsonOption) =>
      withDatabase(async (pool) => {
        const isNew = await enableEndpoint(pool, endpointId)
        const { waiting } = await eventsOf(pool, endpointId)
        if (json) return printJson({ endpoint_id: endpointId, state: 'enabled', changed: isNew, waiting })
        console.log(
          `${isNew ? 'Enabled' : 'Enabled already:'} ${endpointId}; ${waiting} undelivered events are posted.`,
        )
      }),
    )
  webhooks
    .command('delete')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option('--yes', 'do not ask')
    .description('remove an endpoint with its undelivered events')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks delete we_2kVb0yQ1rT9x --yes')
    .action((endpointId: string, options: ConfirmOptions) =>
      withDatabase(async (pool) => {
        const { waiting, exhausted } = await eventsOf(pool, endpointId)
        await confirm(options, `Delete ${endpointId} with ${waiting + exhausted} undelivered events?`)
        await deleteEndpoint(pool, endpointId)
        if (options.json) return printJson({ endpoint_id: endpointId, deleted: true, discarded: waiting + exhausted })
        console.log(`Deleted ${endpointId}.`)
      }),
    )
}

function backlogCommands(webhooks: Command): void {
  webhooks
    .command('retry')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .description('make all undelivered events of an endpoint due now, exhausted ones included')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks retry we_2kVb0yQ1rT9x')
    .action((endpointId: string, { json }: JsonOption) =>
      withDatabase(async (pool) => {
        await eventsOf(pool, endpointId)
        const events = await retryBacklog(pool, endpointId)
        if (json) return printJson({ endpoint_id: endpointId, due_now: events })
        console.log(`Due now: ${events} events of ${endpointId}.`)
      }),
    )
  webhooks
    .command('discard')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option('--exhausted', 'only events whose attempts are used up')
    .option('--yes', 'do not ask')
    .description('drop the undelivered events of an endpoint for good')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw webhooks discard we_2kVb0yQ1rT9x
  $ smsgw webhooks discard we_2kVb0yQ1rT9x --exhausted --yes`,
    )
    .action((endpointId: string, options: ConfirmOptions) =>
      withDatabase(async (pool) => {
        const { waiting, exhausted } = await eventsOf(pool, endpointId)
        const events = options.exhausted ? exhausted : waiting + exhausted
        await confirm(options, `Discard ${events} undelivered events of ${endpointId} for good?`)
        const discarded = await discardBacklog(pool, endpointId, options.exhausted ?? false)
        if (options.json) return printJson({ endpoint_id: endpointId, discarded })
        console.log(`Discarded ${discarded} events of ${endpointId}.`)
      }),
    )
}

/** Throws ExpectedError if there is no such endpoint. */
async function eventsOf(pool: Pool, endpointId: string): Promise<{ waiting: number; exhausted: number }> {
  const endpoints = await listEndpoints(pool)
  if (!endpoints.some(({ endpoint_id }) => endpoint_id === endpointId))
    throw new ExpectedError(`there is no endpoint "${endpointId}"`)
  return (await listBacklogs(pool, [endpointId])).get(endpointId) ?? { waiting: 0, exhausted: 0 }
}

async function confirm({ yes }: ConfirmOptions, question: string): Promise<void> {
  if (!yes && !(await askForYes(question))) throw new ExpectedError('Nothing was changed.')
}
