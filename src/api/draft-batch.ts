import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { draftMessage, MessageRequest } from '../accept/draft-message.ts'
import { TextFitsEncoding } from '../accept/message-text.ts'
import type { MessageRouter, RequestRules } from '../accept/route-messages.ts'
import type { AcceptRow } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { CLEAN_PATTERN, isClean } from '../domain/text/clean-text.ts'
import { checkShape } from '../http/check-shape.ts'
import { KEY_LENGTH_MAX, messageClaim } from './accept-http.ts'
import type { WorkLane } from './limits/work-lane.ts'

export const BatchMessage = Type.Object(
  {
    ...MessageRequest.properties,
    idempotency_key: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: KEY_LENGTH_MAX,
        pattern: CLEAN_PATTERN,
        description:
          'An Idempotency-Key for this message alone, instead of one for the request: the message may come again in any ' +
          'batch, or alone, and is accepted once',
      }),
    ),
  },
  { additionalProperties: false, ...TextFitsEncoding },
)
type BatchMessage = Static<typeof BatchMessage>

/**
 * Checks, routes and prices the messages of a batch, each by itself: what is wrong with one, in its form or otherwise,
 * costs that one alone. In slices, so that a batch of long texts does not keep others waiting. Throws Problem only for
 * keys that contradict each other.
 */
export async function draftBatch(
  request: FastifyRequest,
  messages: readonly unknown[],
  router: MessageRouter,
  lane: WorkLane,
): Promise<AcceptRow[]> {
  const { customerId } = request
  const checked = await lane.map(customerId, messages, (message, index) =>
    orProblem(() => {
      checkShape(request, BatchMessage, message, pointerOf(index))
      return message as BatchMessage
    }),
  )
  checkKeys(checked, request.headers['idempotency-key'] !== undefined)
  const fit = checked.filter((message): message is BatchMessage => !(message instanceof Problem))
  const rules = await router.rulesFor(request, fit)
  return lane.map(customerId, checked, (message, index) =>
    message instanceof Problem ? { draft: message, claim: null } : readRow(message, rules, pointerOf(index)),
  )
}

function checkKeys(messages: readonly (BatchMessage | Problem)[], hasRequestKey: boolean): void {
  const seen = new Set<string>()
  for (const [index, message] of messages.entries()) {
    if (message instanceof Problem || message.idempotency_key === undefined) continue
    const { idempotency_key: key } = message
    if (hasRequestKey) throw invalidKey(index, 'is given beside the Idempotency-Key of the request; use one of them')
    if (seen.has(key)) throw invalidKey(index, 'is that of an earlier message of this batch')
    seen.add(key)
  }
}

function readRow(message: BatchMessage, rules: RequestRules, pointer: string): AcceptRow {
  const { idempotency_key: key, ...bare } = message
  if (key !== undefined && !isClean(key)) return { draft: uncleanKey(pointer), claim: null }
  const draft = orProblem(() => draftMessage(bare, rules, rules.nowMs, pointer))
  return { draft, claim: key === undefined ? null : messageClaim(key, bare) }
}

function invalidKey(index: number, detail: string): Problem {
  const pointer = `${pointerOf(index)}/idempotency_key`
  return new Problem('idempotency-mismatch', `${pointer} ${detail}.`, [{ pointer, detail }])
}

function uncleanKey(pointer: string): Problem {
  const detail = 'has a control character, or half of a character that takes two UTF-16 units'
  return new Problem('invalid-request', `The idempotency_key ${detail}.`, [
    { pointer: `${pointer}/idempotency_key`, detail },
  ])
}

function pointerOf(index: number): string {
  return `/messages/${index}`
}

function orProblem<Value>(make: () => Value): Value | Problem {
  try {
    return make()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}
