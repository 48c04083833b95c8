import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { cancelMessage } from '../../accept/cancel/cancel-message.ts'
import { Problem } from '../../domain/errors.ts'
import type { Pool } from '../../postgres/pool.ts'

const CancelAnswer = Type.Object({ sms_id: Type.Integer(), status: Type.Literal('cancelled') })

/** POST /v1/messages/{sms_id}/cancel: it is not sent any more, and its money is given back; or 409, it is too late. */
export function cancelMessageRoute(app: FastifyInstance, pool: Pool): void {
  app.post<{ Params: { sms_id: number } }>(
    '/v1/messages/:sms_id/cancel',
    {
      config: { problems: ['not-found', 'conflict'] },
      schema: {
        operationId: 'cancelMessage',
        summary: 'Cancel a message that has not been submitted yet',
        description:
          'While it is scheduled, accepted, queued, or waits to be tried again. When this answers 200 the operator will ' +
          'not get it, and its money is given back. 409 says that it is too late, and why.',
        tags: ['messages'],
        params: Type.Object({ sms_id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
        response: { 200: CancelAnswer },
      },
    },
    async (request, reply) => {
      const { sms_id: smsId } = request.params
      const result = await cancelMessage(pool, request.customerId, smsId)
      if (result.kind === 'unknown') throw new Problem('not-found', 'You have no message with this sms_id.')
      if (result.kind === 'refused') throw new Problem('conflict', result.why)
      return reply.send({ sms_id: smsId, status: 'cancelled' })
    },
  )
}
