import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IdempotencyClaim } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { cleanText, isClean } from '../domain/text/clean-text.ts'
import { isTraceparent } from '../events/traceparent.ts'
import type { AcceptResult, RequestOrigin } from './accept/accept-batch.ts'
import { addressOf } from './limits/request-limits.ts'

const KEY_LENGTH_MAX = 255

/** The request's Idempotency-Key with a hash of what it asks; null without one. Throws Problem. */
export function idempotencyClaim(request: FastifyRequest): IdempotencyClaim | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH_MAX || !isClean(key)) {
    throw new Problem(
      'invalid-request',
      `Idempotency-Key must have 1 to ${KEY_LENGTH_MAX} characters, none of them a control character.`,
    )
  }
  const requestHash = createHash('sha256')
    .update(`${request.routeOptions.url} ${canonical(request.body)}`)
    .digest()
  return { key, requestHash }
}

export function originOf(request: FastifyRequest): RequestOrigin {
  const { traceparent, 'user-agent': userAgent } = request.headers
  return {
    ip: addressOf(request) || null,
    userAgent: cleanText(userAgent ?? '', 256) || null,
    traceparent: typeof traceparent === 'string' && isTraceparent(traceparent) ? traceparent : null,
  }
}

/** Sends what the accept queue decided. Throws Problem for what it refused. */
export function replyAccepted(reply: FastifyReply, result: AcceptResult): FastifyReply {
  switch (result.kind) {
    case 'accepted':
      return reply.status(result.status).send(result.response)
    case 'replayed':
      return reply.status(result.status).header('idempotent-replayed', 'true').send(result.response)
    case 'mismatch':
      throw new Problem('idempotency-mismatch', 'This Idempotency-Key was used for another request; use a new key.')
    case 'unfunded':
      throw new Problem('insufficient-balance', 'The balance does not cover this; nothing was charged. Top up first.')
    case 'unknown-customer':
      throw new Problem('forbidden', 'The customer of this API key has no account.')
  }
}

/** JSON with sorted keys, so that the order in which a client writes fields does not matter. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`
}
