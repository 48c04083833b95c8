import type { FastifyInstance } from 'fastify'
import { PROBLEMS, Problem, type ProblemCode } from '../../domain/errors.ts'

/** GET /errors/{code}: what the `type` of a problem points to. */
export function describeErrorRoute(app: FastifyInstance): void {
  app.get<{ Params: { code: string } }>('/errors/:code', { schema: { hide: true } }, async (request, reply) => {
    const { code } = request.params
    if (!(code in PROBLEMS)) throw new Problem('not-found', 'There is no error with this code.')
    return reply.send({ code, ...PROBLEMS[code as ProblemCode], documentation: 'docs/errors.md' })
  })
}
