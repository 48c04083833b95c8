import type { FastifyInstance } from 'fastify'
import { Problem } from '../../domain/errors.ts'

/**
 * Answers what Node would refuse with an empty body: HTTP/1.1 without `Host` (RFC 9112, section 3.2), and an expectation
 * other than `100-continue` (RFC 9110, section 10.1.1). The server must hand on both.
 */
export function refuseUnsoundHeads(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw, headers }) => {
    if (raw.httpVersion === '1.1' && headers.host === undefined) {
      throw new Problem('invalid-request', 'A request of HTTP/1.1 has a Host header.')
    }
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
      throw new Problem('expectation-failed', 'The only expectation is 100-continue.')
    }
  })
}
