import type { Command } from 'commander'
import type { Status } from '../../domain/status.ts'
import { createEndpoint, disableEndpoint, listEndpoints } from '../../webhooks/endpoints.ts'
import { withDatabase } from './find-servers.ts'
import { printJson, printTable } from './print-table.ts'

/** `smsgw webhooks …` */
export function webhookCommands(program: Command): void {
  const webhooks = program.command('webhooks').description('where customers want to hear of their messages')
  webhooks
    .command('create')
    .argument('<customer>')
    .argument('<url>')
    .option('--statuses <list>', 'separated by commas; the final ones if not given')
    .description('prints the secret by which the receiver checks signatures (Standard Webhooks)')
    .action((customerId: string, url: string, { statuses }: { statuses?: string }) =>
      withDatabase(async (pool) => {
        const wanted = statuses?.split(',').map((status) => status.trim()) as Status[] | undefined
        const { endpoint_id, secret } = await createEndpoint(pool, customerId, url, wanted)
        console.log(`${endpoint_id}  ${secret}`)
      }),
    )
  webhooks
    .command('list')
    .argument('[customer]')
    .option('--json', 'as JSON')
    .action((customerId: string | undefined, { json }: { json?: true }) =>
      withDatabase(async (pool) => {
        const endpoints = (await listEndpoints(pool, customerId)).map(({ secret: _, ...shown }) => shown)
        if (json) return printJson(endpoints)
        printTable(
          ['ENDPOINT', 'CUSTOMER', 'URL', 'STATUSES', 'STATE'],
          endpoints.map(({ endpoint_id, customer_id, url, statuses, disabled_reason }) => [
            endpoint_id,
            customer_id,
            url,
            statuses.join(),
            disabled_reason === null ? 'enabled' : `disabled: ${disabled_reason}`,
          ]),
        )
      }),
    )
  webhooks
    .command('disable')
    .argument('<endpoint>')
    .action((endpointId: string) =>
      withDatabase(async (pool) => {
        await disableEndpoint(pool, endpointId, 'by an operator')
        console.log(`Disabled ${endpointId}.`)
      }),
    )
}
