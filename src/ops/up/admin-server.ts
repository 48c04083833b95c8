import type { FastifyInstance } from 'fastify'
import { AggregatorRegistry } from 'prom-client'
import { type AdminAccess, createAdminApp } from '../admin-requests.ts'
import { type DeadLetterRouteParts, deadLetterRoutes } from '../dlq/dead-letter-routes.ts'
import { operatorRoutes } from '../operators/operator-routes.ts'
import type { SupervisedProcess } from './supervised-process.ts'

/**
 * GET /livez, /readyz and /metrics for all processes of a supervisor; each metric says of which process it is. Beside
 * them the admin API.
 */
export async function createAdminServer(
  processes: readonly SupervisedProcess[],
  admin: DeadLetterRouteParts,
  access: AdminAccess,
): Promise<FastifyInstance> {
  const app = createAdminApp(access)
  app.get('/livez', async () => ({ live: true }))
  app.get('/readyz', async (_request, reply) => {
    const reports = await Promise.all(processes.map(async (each) => [each.name, await each.health()] as const))
    const ready = reports.every(([, report]) => report.ready)
    return reply.status(ready ? 200 : 503).send({ ready, processes: Object.fromEntries(reports) })
  })
  app.get('/metrics', async (_request, reply) => {
    const metrics = await Promise.all(processes.map((each) => each.metrics()))
    const registry = AggregatorRegistry.aggregate(metrics)
    return reply.type(registry.contentType).send(await registry.metrics())
  })
  await app.register(async (api) => deadLetterRoutes(api, admin))
  const all = async (): Promise<object[]> => (await Promise.all(processes.map((each) => each.metrics()))).flat()
  await app.register(async (api) => operatorRoutes(api, { pool: admin.pool, metrics: all }))
  return app
}
