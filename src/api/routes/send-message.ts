import type { FastifyInstance } from 'fastify'
import { idempotencyClaim, originOf, replyAccepted } from '../accept-http.ts'
import { AcceptedAnswer, acceptedAnswer } from '../accepted-answer.ts'
import type { SubmitQueue } from '../limits/customer-share.ts'
import { draftMessage, MessageRequest } from '../message-request.ts'
import type { MessageRouter } from '../route-messages.ts'

/** POST /v1/messages: accepts one message, charged and stored when the answer arrives. */
export function sendMessageRoute(app: FastifyInstance, queue: SubmitQueue, router: MessageRouter): void {
  app.post<{ Body: MessageRequest }>(
    '/v1/messages',
    {
      bodyLimit: 65_536,
      schema: {
        operationId: 'sendMessage',
        summary: 'Send a message',
        description: 'Charged and stored durably when this answers. Repeat safely with an `Idempotency-Key`.',
        tags: ['messages'],
        body: MessageRequest,
        response: { 202: AcceptedAnswer },
      },
    },
    async (request, reply) => {
      const rules = await router.rulesFor(request, [request.body])
      const draft = draftMessage(request.body, rules, Date.now())
      const result = await queue.submit({
        customerId: request.customerId,
        idempotency: idempotencyClaim(request),
        drafts: [draft],
        origin: originOf(request),
        answer: ([message]) => ({ status: 202, response: acceptedAnswer(message!) }),
      })
      return replyAccepted(reply, result)
    },
  )
}
