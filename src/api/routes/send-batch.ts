import type { FastifyInstance } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import type { RowOutcome } from '../../accept/accept-batch.ts'
import { AcceptedAnswer, acceptedAnswer } from '../../accept/accepted-answer.ts'
import type { MessageRouter } from '../../accept/route-messages.ts'
import { Problem } from '../../domain/errors.ts'
import { describeProblem } from '../../http/describe-problem.ts'
import { ClaimHeaders, originOf, REPLAY_HEADERS, replyAccepted, requestClaim } from '../accept-http.ts'
import { problemSchema } from '../documents/problem-responses.ts'
import { CLAIM_PROBLEMS, RESULT_PROBLEMS } from '../documents/route-problems.ts'
import { BatchMessage, draftBatch } from '../draft-batch.ts'
import type { SubmitQueue } from '../limits/customer-share.ts'
import type { WorkLane } from '../limits/work-lane.ts'

/** A batch is checked as a whole; `draftBatch` checks its messages one by one, so that a misshapen one costs itself. */
const BatchRequest = batchOf(Type.Unknown())
type BatchRequest = Static<typeof BatchRequest>

const DescribedRequest = batchOf(
  Type.Union([
    BatchMessage,
    Type.Unknown({ description: 'Anything else is answered with a problem in its place, and costs no other message' }),
  ]),
)

function batchOf<Message extends TSchema>(message: Message) {
  return Type.Object(
    { messages: Type.Array(message, { minItems: 1, maxItems: 1_000 }) },
    { additionalProperties: false },
  )
}

const BatchAnswer = answerOf(Type.Object({}, { additionalProperties: true }))

const DescribedAnswer = answerOf(
  Type.Union([
    Type.Object({
      ...AcceptedAnswer.properties,
      replayed: Type.Optional(
        Type.Literal(true, { description: 'Accepted before, under an `idempotency_key` of its own' }),
      ),
    }),
    Type.Unsafe<object>(problemSchema(RESULT_PROBLEMS)),
  ]),
)

function answerOf<Result extends TSchema>(result: Result) {
  return Type.Object(
    {
      accepted: Type.Integer({ description: 'Messages accepted, those included that were accepted before' }),
      rejected: Type.Integer(),
      results: Type.Array(result, { description: 'One for each message, in their order' }),
    },
    { headers: REPLAY_HEADERS },
  )
}

const DESCRIPTION = `Those that cannot be accepted are answered with a problem each and are not charged.

With an \`Idempotency-Key\`, or an \`idempotency_key\` for each message, the same batch may be posted again for 72 hours
(a message with \`send_at\`: 33 days):
messages that were accepted are answered again and not sent again, and those that were refused are tried again. So a batch
that was accepted in part can be finished after a top-up.`

/** POST /v1/messages/batch: accepts up to 1,000 messages in one transaction; each has its own result. */
export function sendBatchRoute(app: FastifyInstance, queue: SubmitQueue, router: MessageRouter, lane: WorkLane): void {
  app.post<{ Body: BatchRequest }>(
    '/v1/messages/batch',
    {
      bodyLimit: 1_048_576,
      config: {
        problems: ['forbidden', ...CLAIM_PROBLEMS],
        described: { body: DescribedRequest, response: { 202: DescribedAnswer } },
      },
      schema: {
        operationId: 'sendBatch',
        summary: 'Send up to 1,000 messages',
        description: DESCRIPTION,
        tags: ['messages'],
        headers: ClaimHeaders,
        body: BatchRequest,
        response: { 202: BatchAnswer },
      },
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
