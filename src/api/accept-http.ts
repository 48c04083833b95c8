import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type IdempotencyClaim, rememberedDays } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { isTraceparent } from '../events/traceparent.ts'
import type { RequestOrigin, RowOutcome } from './accept/accept-batch.ts'
import type { MessageRequest } from './message-request.ts'

export const KEY_LENGTH_MAX = 255

/** The request's Idempotency-Key with a hash of its body as it was sent; null without one. Throws Problem. */
export function requestClaim(
  request: FastifyRequest,
  messages: readonly Pick<MessageRequest, 'send_at'>[],
): IdempotencyClaim | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH_MAX) {
    throw new Problem('invalid-request', `Idempotency-Key must have 1 to ${KEY_LENGTH_MAX} characters.`)
  }
  const requestHash = hash(`${request.routeOptions.url} ${canonical(request.body)}`)
  return { key, requestHash, rememberedDays: rememberedDays(messages.some(isScheduled)) }
}

/** The claim of one message of a batch: the same as if it were posted alone under that key. */
export function messageClaim(key: string, message: MessageRequest): IdempotencyClaim {
  const requestHash = hash(`/v1/messages ${canonical(message)}`)
  return { key, requestHash, rememberedDays: rememberedDays(isScheduled(message)) }
}

function isScheduled({ send_at: sendAt }: Pick<MessageRequest, 'send_at'>): boolean {
  return sendAt !== undefined
}

export function originOf(request: FastifyRequest): RequestOrigin {
  const { traceparent, 'user-agent': userAgent } = request.headers
  return {
    ip: request.ip,
    userAgent: userAgent?.slice(0, 256) ?? null,
    traceparent: typeof traceparent === 'string' && isTraceparent(traceparent) ? traceparent : null,
  }
}

/** Sends the answer to a request of which something was accepted, now or before. */
export function replyAccepted(reply: FastifyReply, outcomes: readonly RowOutcome[], answer: object): FastifyReply {
  const has = (kind: RowOutcome['kind']): boolean => outcomes.some((outcome) => outcome.kind === kind)
  if (has('replayed') && !has('accepted')) reply.header('idempotent-replayed', 'true')
  return reply.status(202).send(answer)
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** JSON with sorted keys, so that the order in which a client writes fields does not matter. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`
}
