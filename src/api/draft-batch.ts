import type { FastifyRequest } from 'fastify'
import type { MessageDraft } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import type { WorkLane } from './limits/work-lane.ts'
import { draftMessage, MessageRequest } from './message-request.ts'
import { checkShape } from './plugins/problems.ts'
import type { MessageRouter } from './route-messages.ts'

/** A message of a batch as it is to be accepted, or why it cannot be. */
export type Draft = MessageDraft | Problem

/**
 * Checks, routes and prices the messages of a batch, each by itself: what is wrong with one, in its form or otherwise,
 * costs that one alone. In slices, so that a batch of long texts does not keep others waiting.
 */
export async function draftBatch(
  request: FastifyRequest,
  messages: readonly unknown[],
  router: MessageRouter,
  lane: WorkLane,
): Promise<Draft[]> {
  const { customerId } = request
  const checked = await lane.map(customerId, messages, (message, index) =>
    orProblem(() => {
      checkShape(request, MessageRequest, message, pointerOf(index))
      return message as MessageRequest
    }),
  )
  const fit = checked.filter((message): message is MessageRequest => !(message instanceof Problem))
  const rules = await router.rulesFor(request, fit)
  return lane.map(customerId, checked, (message, index) =>
    message instanceof Problem ? message : orProblem(() => draftMessage(message, rules, Date.now(), pointerOf(index))),
  )
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
