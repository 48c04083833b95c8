import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import scalar from '@scalar/fastify-api-reference'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Pool } from '../postgres/pool.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { operationsRoutes } from '../runtime/operations-routes.ts'
import type { AcceptQueue } from './accept/accept-queue.ts'
import { ApiKeys } from './plugins/api-keys.ts'
import { answerProblems } from './plugins/problems.ts'
import type { MessageRouter } from './route-messages.ts'
import { cancelMessageRoute } from './routes/cancel-message.ts'
import { describeErrorRoute } from './routes/describe-error.ts'
import { quoteMessageRoute } from './routes/quote-message.ts'
import { readBalanceRoute } from './routes/read-balance.ts'
import { readMessageRoute } from './routes/read-message.ts'
import { sendBatchRoute } from './routes/send-batch.ts'
import { sendMessageRoute } from './routes/send-message.ts'

export interface ApiParts {
  readonly pool: Pool
  readonly queue: AcceptQueue
  readonly router: MessageRouter
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
  readonly trustProxy: string
}

/** The public HTTP API, not yet listening; `inject` reaches it without a socket. */
export async function createApi(parts: ApiParts): Promise<FastifyInstance> {
  const app = Fastify({
    trustProxy: parts.trustProxy === '' ? false : parts.trustProxy.split(','),
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 60_000,
    bodyLimit: 65_536,
    // A closing server finishes what it has begun and refuses the rest.
    forceCloseConnections: 'idle',
    // Unknown fields and numbers written as strings are faults to be named, not to be mended in silence.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: false } },
  })
  answerProblems(app, parts.log)
  measureRequests(app, parts.metrics)
  await app.register(swagger, { openapi: describeApi(), hideUntagged: true })
  await app.register(scalar, { routePrefix: '/docs' })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.register(async (operations) => operationsRoutes(operations, parts.health, parts.metrics))
  describeErrorRoute(app)
  app.register(async (customers) => {
    new ApiKeys(parts.pool).protect(customers)
    // Path parameters are text on the wire, so they alone are converted.
    customers.addHook('preValidation', async (request) => convertIds(request.params))
    sendMessageRoute(customers, parts.queue, parts.router)
    sendBatchRoute(customers, parts.queue, parts.router)
    quoteMessageRoute(customers, parts.router)
    readMessageRoute(customers, parts.pool)
    cancelMessageRoute(customers, parts.pool)
    readBalanceRoute(customers, parts.pool)
  })
  await app.ready()
  return app
}

function convertIds(params: unknown): void {
  const given = params as Record<string, unknown>
  if (typeof given.sms_id === 'string' && /^[0-9]{1,16}$/.test(given.sms_id)) given.sms_id = Number(given.sms_id)
}

function measureRequests(app: FastifyInstance, metrics: Metrics): void {
  const duration = metrics.histogram('smsgw_http_request_duration_seconds', 'Time to answer a request', [
    'route',
    'status',
  ])
  app.addHook('onResponse', async (request, reply) => {
    const labels = { route: request.routeOptions.url ?? 'unknown', status: String(reply.statusCode) }
    duration.observe(labels, reply.elapsedTime / 1_000)
  })
}

function describeApi() {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string
  }
  return {
    openapi: '3.1.0',
    info: { title: 'SMS gateway', version, description: 'Send text messages, and learn what became of them.' },
    components: { securitySchemes: { key: { type: 'http' as const, scheme: 'bearer' } } },
    security: [{ key: [] }],
  }
}
