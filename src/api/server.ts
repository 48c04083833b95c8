import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { AcceptQueue } from '../accept/accept-queue.ts'
import type { MessageRouter } from '../accept/route-messages.ts'
import { answerEarly, answerProblems } from '../http/problems.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { readJsonBodies } from './body/read-json-body.ts'
import { VALIDATOR_OPTIONS } from './body/validator-options.ts'
import { openApiOptions } from './documents/describe-api.ts'
import { serveDocuments } from './documents/serve-documents.ts'
import { ConnectionLimits } from './limits/connection-limits.ts'
import { shareByCustomer } from './limits/customer-share.ts'
import type { DoorLimits } from './limits/door-limits.ts'
import { RequestLimits } from './limits/request-limits.ts'
import { parseProxies } from './limits/trusted-proxies.ts'
import { WorkLane } from './limits/work-lane.ts'
import { ApiKeys } from './plugins/api-keys.ts'
import { checkAnswers } from './plugins/check-answers.ts'
import { limitCustomers } from './plugins/limit-customers.ts'
import { refuseMalformed } from './plugins/refuse-malformed.ts'
import { refuseOtherMethods } from './plugins/refuse-methods.ts'
import { refuseUnsoundHeads } from './plugins/refuse-unsound-heads.ts'
import { secureAnswers } from './plugins/secure-answers.ts'
import { cancelMessageRoute } from './routes/cancel-message.ts'
import { quoteMessageRoute } from './routes/quote-message.ts'
import { readBalanceRoute } from './routes/read-balance.ts'
import { readMessageRoute } from './routes/read-message.ts'
import { sendBatchRoute } from './routes/send-batch.ts'
import { sendMessageRoute } from './routes/send-message.ts'

export interface ApiParts {
  readonly pool: Pool
  readonly queue: AcceptQueue
  readonly router: MessageRouter
  readonly metrics: Metrics
  readonly log: Log
  /** As the setting of that name. */
  readonly trustProxy: string
  readonly limits: DoorLimits
}

/** A request has so long to arrive, its headers a third of that. */
const REQUEST_TIMEOUT_MS = 30_000
const HEADERS_TIMEOUT_MS = 10_000
/** Without anything sent or received. */
const IDLE_TIMEOUT_MS = 60_000
/** Node looks every 30 s otherwise. */
const TIMEOUTS_CHECK_MS = 1_000

const LIVENESS = {
  operationId: 'readLiveness',
  summary: 'Check readiness',
  tags: ['service'],
  response: { 200: Type.Object({ live: Type.Literal(true) }) },
}

/** The public HTTP API, not yet listening; `inject` reaches it without a socket. */
export async function createApi(parts: ApiParts): Promise<FastifyInstance> {
  const { log, metrics, limits } = parts
  const proxies = parseProxies(parts.trustProxy)
  const connections = new ConnectionLimits({ ...limits, proxies }, metrics)
  const app = Fastify({
    trustProxy: (address) => proxies.has(address),
    serverFactory: (handle) => createLimitedServer(connections, handle),
    bodyLimit: 65_536,
    genReqId: () => randomUUID(),
    // A closing server finishes what it has begun and refuses the rest.
    forceCloseConnections: 'idle',
    frameworkErrors: answerEarly,
    clientErrorHandler: refuseMalformed,
    ajv: { customOptions: VALIDATOR_OPTIONS },
  })
  const requests = new RequestLimits(limits, metrics)
  const methods = refuseOtherMethods(app)
  readJsonBodies(app)
  answerProblems(app, log)
  measureRequests(app, metrics)
  secureAnswers(app)
  refuseUnsoundHeads(app)
  await app.register(swagger, openApiOptions())
  checkAnswers(app, log)
  // Routes for customers count by customer, all others by address.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.config.isForCustomers) await requests.takeStranger(request, reply)
  })
  app.get('/livez', { schema: LIVENESS }, async () => ({ live: true }))
  const documents = serveDocuments(app, (request, bytes) => requests.chargeStranger(request, bytes))
  await app.register(async (customers) => {
    customers.addHook('onRoute', (route) => {
      route.config = { ...route.config, isForCustomers: true }
    })
    new ApiKeys(parts.pool, requests).protect(customers)
    limitCustomers(customers, requests, connections)
    // Path parameters are text on the wire, so they alone are converted.
    customers.addHook('preValidation', async (request) => convertIds(request.params))
    addRoutes(customers, parts)
  })
  methods.complete()
  await app.ready()
  await documents.prepare()
  return app
}

/** Requests beyond what a connection may have under way cost no more than being parsed. */
function createLimitedServer(connections: ConnectionLimits, handle: RequestListener): Server {
  const options = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUTS_CHECK_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    requireHostHeader: false,
  }
  const take: RequestListener = (request, response) => {
    if (connections.begin(request, response)) handle(request, response)
  }
  const server = createServer(options, take)
  server.on('checkExpectation', take)
  server.setTimeout(IDLE_TIMEOUT_MS)
  connections.attach(server)
  return server
}

function addRoutes(app: FastifyInstance, { pool, router, queue, limits }: ApiParts): void {
  const shared = shareByCustomer(queue, limits)
  sendMessageRoute(app, shared, router)
  sendBatchRoute(app, shared, router, new WorkLane())
  quoteMessageRoute(app, router)
  readMessageRoute(app, pool)
  cancelMessageRoute(app, pool)
  readBalanceRoute(app, pool)
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
