import type { Command } from 'commander'
import type { Queryable } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { discardBacklog, retryBacklog } from '../../webhooks/change-backlog.ts'
import { deleteEndpoint, disableEndpoint, enableEndpoint } from '../../webhooks/change-endpoints.ts'
import { readEndpoint } from '../../webhooks/endpoints.ts'
import { listBacklogs } from '../../webhooks/list-backlogs.ts'
import { actorOf, BY_OPTION } from '../dlq/dlq-options.ts'
import { changeDatabase, withDatabase } from '../find-servers.ts'
import type { ChangeOptions } from '../keys-command.ts'
import { confirmAtTerminal } from '../terminal/confirm.ts'
import { printJson } from '../terminal/print-table.ts'

interface DisableOptions extends ChangeOptions {
  readonly reason: string
}

interface ConfirmOptions extends ChangeOptions {
  readonly exhausted?: true
  readonly yes?: true
}

/** Commands that change an endpoint, or its undelivered events. */
export function webhookChangeCommands(webhooks: Command): void {
  stateCommands(webhooks)
  backlogCommands(webhooks)
}

function stateCommands(webhooks: Command): void {
  webhooks
    .command('disable')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option('--reason <text>', 'shown by `smsgw webhooks list`', 'by an operator')
    .option(...BY_OPTION)
    .description('stop posting to an endpoint; undelivered events are kept, and new ones are not stored')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks disable we_2kVb0yQ1rT9x --reason maintenance')
    .action(async (endpointId: string, options: DisableOptions) => {
      const { reason } = options
      const [isNew, waiting] = await changeDatabase(actorOf(options), async (connection) => {
        const isChanged = await disableEndpoint(connection, endpointId, reason)
        const events = await eventsOf(connection, endpointId)
        const act = { act: 'webhook.disabled', subject: endpointId, details: { reason } } as const
        return { act: isChanged ? act : null, result: [isChanged, events.waiting] as const }
      })
      if (options.json) return printJson({ endpoint_id: endpointId, state: 'disabled', changed: isNew, waiting })
      console.log(
        `${isNew ? 'Disabled' : 'Disabled already:'} ${endpointId}; ${waiting} undelivered events are kept. ` +
          `Next: smsgw webhooks enable ${endpointId}, or discard ${endpointId}`,
      )
    })
  webhooks
    .command('enable')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option(...BY_OPTION)
    .description('post to an endpoint again, beginning with the events that were kept for it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks enable we_2kVb0yQ1rT9x')
    .action(async (endpointId: string, options: ChangeOptions) => {
      const [isNew, waiting] = await changeDatabase(actorOf(options), async (connection) => {
        const isChanged = await enableEndpoint(connection, endpointId)
        const events = await eventsOf(connection, endpointId)
        const act = { act: 'webhook.enabled', subject: endpointId } as const
        return { act: isChanged ? act : null, result: [isChanged, events.waiting] as const }
      })
      if (options.json) return printJson({ endpoint_id: endpointId, state: 'enabled', changed: isNew, waiting })
      console.log(`${isNew ? 'Enabled' : 'Enabled already:'} ${endpointId}; ${waiting} undelivered events are posted.`)
    })
  webhooks
    .command('delete')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option('--yes', 'do not ask')
    .option(...BY_OPTION)
    .description('remove an endpoint with its undelivered events')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks delete we_2kVb0yQ1rT9x --yes')
    .action(async (endpointId: string, options: ConfirmOptions) => {
      const { waiting, exhausted } = await withDatabase((pool) => eventsOf(pool, endpointId))
      const events = waiting + exhausted
      await confirm(options, `Delete ${endpointId} with ${events} undelivered events?`)
      await changeDatabase(actorOf(options), async (connection) => {
        await deleteEndpoint(connection, endpointId)
        return { act: { act: 'webhook.deleted', subject: endpointId, details: { events } }, result: null }
      })
      if (options.json) return printJson({ endpoint_id: endpointId, deleted: true, discarded: events })
      console.log(`Deleted ${endpointId}.`)
    })
}

function backlogCommands(webhooks: Command): void {
  webhooks
    .command('retry')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option(...BY_OPTION)
    .description('make all undelivered events of an endpoint due now, exhausted ones included')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  $ smsgw webhooks retry we_2kVb0yQ1rT9x')
    .action(async (endpointId: string, options: ChangeOptions) => {
      const due = await changeDatabase(actorOf(options), async (connection) => {
        await eventsOf(connection, endpointId)
        const events = await retryBacklog(connection, endpointId)
        return { act: { act: 'webhook.retried', subject: endpointId, details: { events } }, result: events }
      })
      if (options.json) return printJson({ endpoint_id: endpointId, due_now: due })
      console.log(`Due now: ${due} events of ${endpointId}.`)
    })
  webhooks
    .command('discard')
    .argument('<endpoint>', 'its id, as in we_2kVb0yQ1rT9x')
    .option('--exhausted', 'only events whose attempts are used up')
    .option('--yes', 'do not ask')
    .option(...BY_OPTION)
    .description('drop the undelivered events of an endpoint for good')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:
  $ smsgw webhooks discard we_2kVb0yQ1rT9x
  $ smsgw webhooks discard we_2kVb0yQ1rT9x --exhausted --yes`,
    )
    .action(async (endpointId: string, options: ConfirmOptions) => {
      const { exhausted: onlyExhausted = false } = options
      const { waiting, exhausted } = await withDatabase((pool) => eventsOf(pool, endpointId))
      const asked = onlyExhausted ? exhausted : waiting + exhausted
      await confirm(options, `Discard ${asked} undelivered events of ${endpointId} for good?`)
      const discarded = await changeDatabase(actorOf(options), async (connection) => {
        const events = await discardBacklog(connection, endpointId, onlyExhausted)
        const details = { events, exhausted_only: onlyExhausted }
        return { act: { act: 'webhook.discarded', subject: endpointId, details }, result: events }
      })
      if (options.json) return printJson({ endpoint_id: endpointId, discarded })
      console.log(`Discarded ${discarded} events of ${endpointId}.`)
    })
}

/** Throws ExpectedError if there is no such endpoint. */
async function eventsOf(pool: Queryable, endpointId: string): Promise<{ waiting: number; exhausted: number }> {
  if (!(await readEndpoint(pool, endpointId))) throw new ExpectedError(`there is no endpoint "${endpointId}"`)
  return (await listBacklogs(pool, [endpointId])).get(endpointId) ?? { waiting: 0, exhausted: 0 }
}

async function confirm({ yes }: ConfirmOptions, question: string): Promise<void> {
  if (!yes && !(await confirmAtTerminal(question))) throw new ExpectedError('Nothing was changed.')
}
