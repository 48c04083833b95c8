import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { RowOutcome } from '../accept/accept-batch.ts'
import type { MessageRequest } from '../accept/draft-message.ts'
import { REQUEST_HASH_BYTES } from '../accept/given-answers.ts'
import type { RequestOrigin } from '../domain/accept.ts'
import { type IdempotencyClaim, rememberedDays } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { cleanText, isClean } from '../domain/text/clean-text.ts'
import { isTraceparent } from '../events/traceparent.ts'
import { addressOf } from './limits/request-limits.ts'

export const KEY_LENGTH_MAX = 255

/** Field values of HTTP have no white space at their ends (RFC 9110, section 5.5). */
export const ClaimHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      maxLength: KEY_LENGTH_MAX,
      pattern: '^[\\u0021-\\u007e\\u00a1-\\u00ff]([\\u0020-\\u007e\\u00a0-\\u00ff]*[\\u0021-\\u007e\\u00a1-\\u00ff])?$',
      description:
        'The request is done once under this key, however often it comes; 72 hours, or 33 days with `send_at`',
    }),
  ),
})

export const REPLAY_HEADERS = {
  'Idempotent-Replayed': { type: 'string', description: '`true` if nothing was accepted that had not been before' },
}

/** The request's Idempotency-Key with a hash of its body as it was sent; null without one. Throws Problem. */
export function requestClaim(request: FastifyRequest, messages: readonly unknown[]): IdempotencyClaim | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH_MAX || !isClean(key)) {
    throw new Problem(
      'invalid-request',
      `Idempotency-Key must have 1 to ${KEY_LENGTH_MAX} characters, none of them a control character.`,
    )
  }
  const requestHash = hash(`${request.routeOptions.url} ${canonical(request.body)}`)
  return { key, requestHash, rememberedDays: rememberedDays(messages.some(isScheduled)) }
}

/** The claim of one message of a batch: the same as if it were posted alone under that key. */
export function messageClaim(key: string, message: MessageRequest): IdempotencyClaim {
  const requestHash = hash(`/v1/messages ${canonical(message)}`)
  return { key, requestHash, rememberedDays: rememberedDays(isScheduled(message)) }
}

/** Of a message that may not have been checked yet. */
function isScheduled(message: unknown): boolean {
  return (message as Partial<MessageRequest> | null)?.send_at !== undefined
}

export function originOf(request: FastifyRequest): RequestOrigin {
  const { traceparent, 'user-agent': userAgent } = request.headers
  return {
    ip: addressOf(request) || null,
    userAgent: cleanText(userAgent ?? '', 256) || null,
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
  return createHash('sha256').update(text).digest().subarray(0, REQUEST_HASH_BYTES)
}

/** JSON with sorted keys, so that the order in which a client writes fields does not matter. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`
}
