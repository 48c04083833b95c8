import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { AcceptRow } from '../../domain/accept.ts'
import { Problem } from '../../domain/errors.ts'
import type { RowOutcome } from '../accept/accept-batch.ts'
import type { AcceptQueue } from '../accept/accept-queue.ts'
import { KEY_LENGTH_MAX, messageClaim, originOf, replyAccepted, requestClaim } from '../accept-http.ts'
import { acceptedAnswer } from '../accepted-answer.ts'
import { type DraftRules, MessageRequest, tryDraft } from '../message-request.ts'
import { isStorable, UNSTORABLE } from '../message-text.ts'
import { describeProblem } from '../plugins/problems.ts'
import type { MessageRouter } from '../route-messages.ts'

const BatchMessage = Type.Object(
  {
    ...MessageRequest.properties,
    idempotency_key: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: KEY_LENGTH_MAX,
        description:
          'An Idempotency-Key for this message alone, instead of one for the request: the message may come again in any ' +
          'batch, or alone, and is accepted once',
      }),
    ),
  },
  { additionalProperties: false },
)
type BatchMessage = Static<typeof BatchMessage>

const BatchRequest = Type.Object(
  { messages: Type.Array(BatchMessage, { minItems: 1, maxItems: 1_000 }) },
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

With an \`Idempotency-Key\`, or an \`idempotency_key\` for each message, the same batch may be posted again for 72 hours:
messages that were accepted are answered again and not sent again, and those that were refused are tried again. So a batch
that was accepted in part can be finished after a top-up.`

/** POST /v1/messages/batch: accepts up to 1,000 messages in one transaction; each has its own result. */
export function sendBatchRoute(app: FastifyInstance, queue: AcceptQueue, router: MessageRouter): void {
  app.post<{ Body: Static<typeof BatchRequest> }>(
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
    },
    async (request, reply) => {
      const { messages } = request.body
      const claim = requestClaim(request, messages)
      const hasKeys = checkKeys(messages, claim !== null)
      const rules = await router.rulesFor(request.customerId, messages)
      const rows = messages.map((message, index) => readRow(message, rules, `/messages/${index}`))
      const outcomes =
        claim || hasKeys || rows.some(({ draft }) => !(draft instanceof Problem))
          ? await queue.submit({
              customerId: request.customerId,
              claim,
              rows,
              origin: originOf(request),
              answer: (each) => batchAnswer(each, hasKeys),
            })
          : rows.map(({ draft }): RowOutcome => ({ kind: 'refused', problem: draft as Problem }))
      return replyAccepted(reply, outcomes, batchAnswer(outcomes, hasKeys))
    },
  )
}

/** Whether messages have keys of their own. Throws Problem if two have the same, or the request has one as well. */
function checkKeys(messages: readonly BatchMessage[], hasRequestKey: boolean): boolean {
  const seen = new Set<string>()
  for (const [index, { idempotency_key: key }] of messages.entries()) {
    if (key === undefined) continue
    const pointer = `/messages/${index}/idempotency_key`
    const fault = hasRequestKey
      ? 'stands beside the Idempotency-Key of the request; use one of them'
      : seen.has(key)
        ? 'is that of an earlier message of this batch'
        : isStorable(key)
          ? null
          : UNSTORABLE
    if (fault !== null) throw new Problem('invalid-request', `${pointer} ${fault}.`, [{ pointer, detail: fault }])
    seen.add(key)
  }
  return seen.size > 0
}

function readRow(message: BatchMessage, rules: DraftRules, pointer: string): AcceptRow {
  const { idempotency_key: key, ...bare } = message
  const draft = tryDraft(bare, rules, Date.now(), pointer)
  return { draft, claim: key === undefined ? null : messageClaim(key, bare) }
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
