import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { MessageDraft } from '../../domain/accept.ts'
import { Problem } from '../../domain/errors.ts'
import type { AcceptedMessage } from '../accept/accept-batch.ts'
import { idempotencyClaim, originOf, replyAccepted } from '../accept-http.ts'
import { acceptedAnswer } from '../accepted-answer.ts'
import { type Draft, draftBatch } from '../draft-batch.ts'
import type { SubmitQueue } from '../limits/customer-share.ts'
import type { WorkLane } from '../limits/work-lane.ts'
import { MessageRequest } from '../message-request.ts'
import { checkShape, describeProblem } from '../plugins/problems.ts'
import type { MessageRouter } from '../route-messages.ts'

const BatchRequest = Type.Object(
  { messages: Type.Array(MessageRequest, { minItems: 1, maxItems: 1_000 }) },
  { additionalProperties: false },
)

const BatchAnswer = Type.Object({
  accepted: Type.Integer(),
  rejected: Type.Integer(),
  results: Type.Array(Type.Object({}, { additionalProperties: true }), {
    description: 'One for each message, in their order: what was accepted, or a problem',
  }),
})

/** What a batch is checked for as a whole; its messages are checked one by one. */
const BatchEnvelope = Type.Object(
  { messages: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 1_000 }) },
  { additionalProperties: false },
)

/** POST /v1/messages/batch: accepts up to 1,000 messages in one transaction; each has its own result. */
export function sendBatchRoute(app: FastifyInstance, queue: SubmitQueue, router: MessageRouter, lane: WorkLane): void {
  app.post<{ Body: Static<typeof BatchEnvelope> }>(
    '/v1/messages/batch',
    {
      bodyLimit: 1_048_576,
      schema: {
        operationId: 'sendBatch',
        summary: 'Send up to 1,000 messages',
        description: 'Those that cannot be accepted are answered with a problem each and are not charged.',
        tags: ['messages'],
        body: BatchRequest,
        response: { 202: BatchAnswer },
      },
      // The schema describes; `draftBatch` checks each message, so that a misshapen one costs itself.
      validatorCompiler: () => () => true,
      preValidation: async (request) => checkShape(request, BatchEnvelope, request.body),
    },
    async (request, reply) => {
      const drafts = await draftBatch(request, request.body.messages, router, lane)
      const fit = drafts.filter((draft): draft is MessageDraft => !(draft instanceof Problem))
      if (fit.length === 0) return reply.status(202).send(batchAnswer(drafts, []))
      const result = await queue.submit({
        customerId: request.customerId,
        idempotency: idempotencyClaim(request),
        drafts: fit,
        origin: originOf(request),
        answer: (accepted) => ({ status: 202, response: batchAnswer(drafts, accepted) }),
      })
      return replyAccepted(reply, result)
    },
  )
}

/** Puts the results of the messages that were fit, in order, between the problems of those that were not. */
function batchAnswer(
  drafts: readonly Draft[],
  outcomes: readonly (AcceptedMessage | null)[],
): Static<typeof BatchAnswer> {
  let next = 0
  let accepted = 0
  const results = drafts.map((draft) => {
    if (draft instanceof Problem) return describeProblem(draft)
    const outcome = outcomes[next++]
    if (!outcome)
      return describeProblem(new Problem('insufficient-balance', 'The balance does not cover this message.'))
    accepted++
    return acceptedAnswer(outcome)
  })
  return { accepted, rejected: drafts.length - accepted, results }
}
