import type { FastifyInstance } from 'fastify'
import type { ConnectionLimits } from '../limits/connection-limits.ts'
import type { RequestLimits } from '../limits/request-limits.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route needs a key, so that requests count by customer and not by address. */
    isForCustomers?: boolean
  }
  interface FastifyRequest {
    /** Of the body as it came; 0 without one. */
    bodyBytes: number
  }
}

/** Counts requests, bytes and messages of customers. To be added behind the hook that identifies them. */
export function limitCustomers(app: FastifyInstance, requests: RequestLimits, connections: ConnectionLimits): void {
  app.addHook('onRequest', async (request, reply) => {
    connections.trust(request.socket)
    await requests.takeRequest(request.customerId, request, reply)
  })
  app.addHook('preValidation', async (request, reply) => {
    if (request.headers['content-length'] === undefined) requests.chargeBytes(request.customerId, request.bodyBytes)
    const messages = messagesIn(request.body)
    if (messages > 0) await requests.takeMessages(request.customerId, messages, reply)
  })
}

function messagesIn(body: unknown): number {
  if (body === null || typeof body !== 'object') return 0
  const { messages } = body as { messages?: unknown }
  return Array.isArray(messages) ? messages.length : 1
}
