import type { FastifyInstance } from 'fastify'

/**
 * Headers of every answer: nothing is kept by caches or guessed by browsers, and no page may frame or script it.
 * Answers that may be kept say so themselves. There is no CORS: pages of other origins read nothing.
 */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A refused body that is shorter is read and discarded, so that the connection can be reused. */
const UNREAD_BYTES_MAX = 1_048_576

/** Sets the headers, and closes connections with much left to send of an answered request. */
export function secureAnswers(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS)
  })
  app.addHook('onSend', async ({ raw }, reply) => {
    if (raw.complete) return
    const announced = Number(raw.headers['content-length'] ?? 0)
    if (announced > UNREAD_BYTES_MAX || raw.headers['transfer-encoding'] !== undefined)
      reply.header('connection', 'close')
  })
}
