import type { FastifyInstance } from 'fastify'
import { AggregatorRegistry } from 'prom-client'
import { type AdminAccess, createAdminApp } from '../../admin/admin-requests.ts'
import { type DeadLetterRouteParts, deadLetterRoutes } from '../../dead-letters/dead-letter-routes.ts'
import { operatorRoutes } from '../../tools/operators/operator-routes.ts'
import type { SupervisedProcess } from './supervised-process.ts'
import type { WatchedServer } from './watched-server.ts'

/**
 * GET /livez, /readyz and /metrics for all processes and servers of a supervisor; each metric says of which process it
 * is. Beside them the admin API.
 */
export async function createAdminServer(
  supervised: readonly SupervisedProcess[],
  servers: readonly WatchedServer[],
  admin: DeadLetterRouteParts,
  access: AdminAccess,
): Promise<FastifyInstance> {
  const app = createAdminApp(access)
  app.get('/livez', async () => ({ live: true }))
  app.get('/readyz', async (_request, reply) => {
    const reports = await Promise.all(supervised.map(async (each) => [each.name, await each.health()] as const))
    const ready = reports.every(([, report]) => report.ready) && servers.every(({ trouble }) => trouble === null)
    const states = servers.map(({ name, trouble }) => [name, trouble ?? 'ok'] as const)
    const processes = Object.fromEntries(reports)
    return reply.status(ready ? 200 : 503).send({ ready, processes, servers: Object.fromEntries(states) })
  })
  app.get('/metrics', async (_request, reply) => {
    const metrics = await Promise.all(supervised.map((each) => each.metrics()))
    const registry = AggregatorRegistry.aggregate(metrics)
    return reply.type(registry.contentType).send(await registry.metrics())
  })
  await app.register(async (api) => deadLetterRoutes(api, admin))
  const all = async (): Promise<object[]> => (await Promise.all(supervised.map((each) => each.metrics()))).flat()
  await app.register(async (api) => operatorRoutes(api, { pool: admin.pool, metrics: all }))
  return app
}
