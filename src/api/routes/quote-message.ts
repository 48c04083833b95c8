import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { draftMessage, MessageRequest } from '../../accept/draft-message.ts'
import type { MessageRouter } from '../../accept/route-messages.ts'
import { segment } from '../../domain/text/segments.ts'
import { DRAFT_PROBLEMS } from '../documents/route-problems.ts'

const QuoteAnswer = Type.Object({
  to: Type.String(),
  text: Type.String({ description: 'As it would be sent' }),
  text_changed: Type.Boolean({ description: 'Whether `smart` put look-alikes into it' }),
  encoding: Type.String(),
  segments: Type.Integer(),
  units: Type.Integer({ description: 'Septets, octets or 16-bit units of the text, by its encoding' }),
  units_left: Type.Integer({ description: 'Units for which there is room in the last segment' }),
  cost: Type.Integer({ description: "In the currency's minor unit" }),
  operator: Type.String(),
})

/** POST /v1/messages/quote: what a message would become and cost. Charges and stores nothing, so may be asked at every key. */
export function quoteMessageRoute(app: FastifyInstance, router: MessageRouter): void {
  app.post<{ Body: MessageRequest }>(
    '/v1/messages/quote',
    {
      bodyLimit: 65_536,
      config: { problems: DRAFT_PROBLEMS },
      schema: {
        operationId: 'quoteMessage',
        summary: 'Quote a message',
        description:
          'Takes the body of a message, and refuses what sending it would refuse. Charges and stores nothing.',
        tags: ['messages'],
        body: MessageRequest,
        response: { 200: QuoteAnswer },
      },
    },
    async (request, reply) => {
      const rules = await router.rulesFor(request, [request.body])
      const { phone, text, textChanged, encoding, cost, operator } = draftMessage(request.body, rules, rules.nowMs)
      const { segments, units, unitsLeft } = segment(text, encoding)!
      return reply.send({
        to: phone,
        text,
        text_changed: textChanged,
        encoding,
        segments,
        units,
        units_left: unitsLeft,
        cost,
        operator,
      })
    },
  )
}
