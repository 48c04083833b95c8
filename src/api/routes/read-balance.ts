import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Problem } from '../../domain/errors.ts'
import type { Pool } from '../../postgres/pool.ts'

const BalanceAnswer = Type.Object({
  balance: Type.Integer({ description: "What can still be spent, in the currency's minor unit" }),
  reserved: Type.Integer({ description: 'Taken for messages whose outcome is open' }),
  currency: Type.String(),
})

/** GET /v1/balance */
export function readBalanceRoute(app: FastifyInstance, pool: Pool): void {
  app.get(
    '/v1/balance',
    {
      config: { problems: ['forbidden'] },
      schema: {
        operationId: 'readBalance',
        summary: 'Read your balance',
        tags: ['account'],
        response: { 200: BalanceAnswer },
      },
    },
    async (request, reply) => {
      const { rows } = await pool.query<{ balance: number; reserved: number; currency: string }>({
        name: 'read-balance',
        text: `SELECT b.balance, b.reserved, c.currency FROM balances b JOIN customers c USING (customer_id)
               WHERE b.customer_id = $1`,
        values: [request.customerId],
      })
      const row = rows[0]
      if (!row) throw new Problem('forbidden', 'The customer of this API key has no account.')
      return reply.send(row)
    },
  )
}
