import type { FastifyInstance } from 'fastify'
import type { Health } from './health.ts'
import type { Metrics } from './metrics.ts'

/** GET /livez, /readyz and /metrics, for Kubernetes and Prometheus. */
export function operationsRoutes(app: FastifyInstance, health: Health, metrics: Metrics): void {
  app.get('/livez', async () => ({ live: true }))
  app.get('/readyz', async (_request, reply) => {
    const report = await health.report()
    return reply.status(report.ready ? 200 : 503).send(report)
  })
  app.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}
