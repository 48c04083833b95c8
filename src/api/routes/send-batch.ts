import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { Problem } from '../../domain/errors.ts'
import type { RowOutcome } from '../accept/accept-batch.ts'
import { originOf, replyAccepted, requestClaim } from '../accept-http.ts'
import { acceptedAnswer } from '../accepted-answer.ts'
import { BatchMessage, draftBatch } from '../draft-batch.ts'
import type { SubmitQueue } from '../limits/customer-share.ts'
import type { WorkLane } from '../limits/work-lane.ts'
import { checkShape, describeProblem } from '../plugins/problems.ts'
import type { MessageRouter } from '../route-messages.ts'

const BatchRequest = Type.Object(
  { messages: Type.Array(BatchMessage, { minItems: 1, maxItems: 1_000 }) },
  { additionalProperties: false },
)

/** What a batch is checked for as a whole; its messages are checked one by one. */
const BatchEnvelope = Type.Object(
  { messages: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 1_000 }) },
  { additionalProperties: false },
)

const BatchAnswer = Type.Object({
  accepted: Type.Integer({ description: 'Messages accepted, those included that were accepted before' }),
  rejected: Type.Integer(),
  results: Type.Array(Type.Object({}, { additionalProperties: true }), {
    description:
      'One for each message, in their order: what was accepted, or a problem. `replayed` is true if a message was ' +
      'accepted before, under an `idempotency_key` of its own',
  }),
})

const DESCRIPTION = `Those that cannot be accepted are answered with a problem each and are not charged.

With an \`Idempotency-Key\`, or an \`idempotency_key\` for each message, the same batch may be posted again for 72 hours
(a message with \`send_at\`: 33 days):
messages that were accepted are answered again and not sent again, and those that were refused are tried again. So a batch
that was accepted in part can be finished after a top-up.`

/** POST /v1/messages/batch: accepts up to 1,000 messages in one transaction; each has its own result. */
export function sendBatchRoute(app: FastifyInstance, queue: SubmitQueue, router: MessageRouter, lane: WorkLane): void {
  app.post<{ Body: Static<typeof BatchEnvelope> }>(
    '/v1/messages/batch',
    {
      bodyLimit: 1_048_576,
      schema: {
        operationId: 'sendBatch',
        summary: 'Send up to 1,000 messages',
        description: DESCRIPTION,
        tags: ['messages'],
        body: BatchRequest,
        response: { 202: BatchAnswer },
      },
      // The schema describes; `draftBatch` checks each message, so that a misshapen one costs itself.
      validatorCompiler: () => () => true,
      preValidation: async (request) => checkShape(request, BatchEnvelope, request.body),
    },
    async (request, reply) => {
      const { messages } = request.body
      const claim = requestClaim(request, messages)
      const rows = await draftBatch(request, messages, router, lane)
      const hasKeys = rows.some((row) => row.claim !== null)
      const isWorthAsking = claim !== null || hasKeys || rows.some(({ draft }) => !(draft instanceof Problem))
      const outcomes = isWorthAsking
        ? await queue.submit({
            customerId: request.customerId,
            claim,
            rows,
            origin: originOf(request),
          })
        : rows.map(({ draft }): RowOutcome => ({ kind: 'refused', problem: draft as Problem }))
      return replyAccepted(reply, outcomes, batchAnswer(outcomes, hasKeys))
    },
  )
}

/** A request that is replayed as a whole is answered as it was, so only messages with keys of their own are marked. */
function batchAnswer(outcomes: readonly RowOutcome[], marksReplayed: boolean): Static<typeof BatchAnswer> {
  const rejected = outcomes.filter(({ kind }) => kind === 'refused').length
  const results = outcomes.map((outcome) => resultOf(outcome, marksReplayed))
  return { accepted: outcomes.length - rejected, rejected, results }
}

function resultOf(outcome: RowOutcome, marksReplayed: boolean): object {
  switch (outcome.kind) {
    case 'accepted':
      return acceptedAnswer(outcome.message)
    case 'replayed':
      return marksReplayed ? { ...outcome.response, replayed: true } : outcome.response
    case 'refused':
      return describeProblem(outcome.problem)
  }
}
