import type { FastifyInstance, RouteOptions } from 'fastify'
import type { ProblemCode } from '../../domain/errors.ts'
import type { Log } from '../../runtime/log.ts'
import { problemsOf } from '../documents/route-problems.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** The problem that the answer is; null for others. */
    problemCode: ProblemCode | null
  }
}

export const UNDOCUMENTED = 'answer is not in the API description'

/**
 * Compares each answer of a described route with its description: the status of a success, the code of a problem. An
 * answer that is not there is sent all the same, and logged as an error; tests fail on that line.
 */
export function checkAnswers(app: FastifyInstance, log: Log): void {
  app.decorateReply('problemCode', null)
  app.addHook('onRoute', (route) => {
    if (route.schema === undefined || route.schema.hide) return
    const check: RouteOptions['onSend'] = (request, reply, _payload, done) => {
      documented ??= documentedOf(route)
      const sent = reply.problemCode ?? reply.statusCode
      if (!documented.has(sent)) log.error({ route: route.url, sent, requestId: request.id }, UNDOCUMENTED)
      done()
    }
    // Further hooks may still change the route.
    let documented: ReadonlySet<number | ProblemCode> | null = null
    route.onSend = [...[route.onSend ?? []].flat(), check]
  })
}

function documentedOf(route: RouteOptions): ReadonlySet<number | ProblemCode> {
  return new Set<number | ProblemCode>([...Object.keys(route.schema?.response ?? {}).map(Number), ...problemsOf(route)])
}
