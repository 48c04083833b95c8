import type { FastifyInstance } from 'fastify'
import { createCustomer, issueKey } from '../../src/accounts/accounts.ts'

/** A message that nothing is wrong with. */
export const GOOD = { to: '+989121234567', text: 'hello' }

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

/** Posts a message, or another body, with a key. */
export function post(app: FastifyInstance, key: string, body: unknown, url = '/v1/messages', headers = {}) {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return app.inject({
    method: 'POST',
    url,
    headers: { ...bearer(key), 'content-type': 'application/json', ...headers },
    payload,
  })
}

/** A new customer without a balance, and its key. */
export async function keyOfNew(pool: Parameters<typeof issueKey>[0], customerId: string) {
  await createCustomer(pool as never, { customerId, name: customerId, currency: 'IRR' })
  return issueKey(pool, customerId)
}
