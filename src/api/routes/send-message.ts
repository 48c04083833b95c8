import type { FastifyInstance } from 'fastify'
import type { RowOutcome } from '../../accept/accept-batch.ts'
import { AcceptedAnswer, acceptedAnswer } from '../../accept/accepted-answer.ts'
import { MessageRequest, tryDraft } from '../../accept/draft-message.ts'
import type { MessageRouter } from '../../accept/route-messages.ts'
import { Problem } from '../../domain/errors.ts'
import { ClaimHeaders, originOf, REPLAY_HEADERS, replyAccepted, requestClaim } from '../accept-http.ts'
import { CLAIM_PROBLEMS, DRAFT_PROBLEMS } from '../documents/route-problems.ts'
import type { SubmitQueue } from '../limits/customer-share.ts'

/** POST /v1/messages: accepts one message, charged and stored when the answer arrives. */
export function sendMessageRoute(app: FastifyInstance, queue: SubmitQueue, router: MessageRouter): void {
  app.post<{ Body: MessageRequest }>(
    '/v1/messages',
    {
      bodyLimit: 65_536,
      config: { problems: [...DRAFT_PROBLEMS, 'insufficient-balance', ...CLAIM_PROBLEMS] },
      schema: {
        operationId: 'sendMessage',
        summary: 'Send a message',
        description:
          'Charged and stored durably when this answers. Repeat safely with an `Idempotency-Key`: for 72 hours (with ' +
          '`send_at`: 33 days) a message that was accepted is answered again, whatever has changed since. One that was refused is tried again.',
        tags: ['messages'],
        headers: ClaimHeaders,
        body: MessageRequest,
        response: { 202: { ...AcceptedAnswer, headers: REPLAY_HEADERS } },
      },
    },
    async (request, reply) => {
      const claim = requestClaim(request, [request.body])
      const rules = await router.rulesFor(request, [request.body])
      const draft = tryDraft(request.body, rules, rules.nowMs, '')
      // With a key it may have been accepted before, when it was still fit.
      if (draft instanceof Problem && !claim) throw draft
      const outcomes = await queue.submit({
        customerId: request.customerId,
        claim,
        rows: [{ draft, claim: null }],
        origin: originOf(request),
      })
      return replyAccepted(reply, outcomes, answerTo(outcomes[0]!))
    },
  )
}

/** Throws Problem if it was refused. */
function answerTo(outcome: RowOutcome): object {
  switch (outcome.kind) {
    case 'accepted':
      return acceptedAnswer(outcome.message)
    case 'replayed':
      return outcome.response
    case 'refused':
      throw outcome.problem
  }
}
