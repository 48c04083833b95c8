import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS, Problem, type ProblemCode } from '../domain/errors.ts'
import { cleanText } from '../domain/text/clean-text.ts'
import type { Log } from '../runtime/log.ts'
import { databaseProblem } from '../tables/database-problem.ts'
import { invalidRequest } from './check-shape.ts'
import { describeProblem } from './describe-problem.ts'

/** Errors that Fastify raises before a handler runs, as problems of our catalogue. */
const FASTIFY_CODES: ReadonlyMap<string, ProblemCode> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'payload-too-large'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'unsupported-media-type'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'invalid-request'],
  ['FST_ERR_BAD_URL', 'invalid-request'],
  ['FST_ERR_MAX_PARAM_LENGTH', 'not-found'],
])

/** An answer repeats a path cut to this length: a caller does not need 16 kB of it back. */
const REPEATED_CHARS_MAX = 200

/**
 * Answers every error as RFC 9457 `application/problem+json`. What is not in the catalogue is logged and says nothing
 * of itself.
 */
export function answerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    const problem = toProblem(error)
    // A refusal by design, as of a full queue, has no cause; thousands a second would bury what has.
    if (problem.status >= 500 && problem.cause) {
      log.error({ err: problem.cause, requestId: request.id, path: request.routeOptions.url }, 'request failed')
    }
    return sendProblem(request, reply, problem)
  })
  app.setNotFoundHandler((request, reply) => {
    return sendProblem(request, reply, new Problem('not-found', `There is no ${request.method} ${pathOf(request)}.`))
  })
}

/** For errors that Fastify finds before it has a route, as in an address that cannot be decoded. */
export function answerEarly(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(request, reply, toProblem(error))
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  if (PROBLEMS[problem.code].retry !== 'never') reply.header('retry-after', String(problem.retryAfterSeconds))
  reply.problemCode = problem.code
  const body = { ...describeProblem(problem), instance: pathOf(request), request_id: request.id }
  return reply.status(problem.status).type('application/problem+json').send(JSON.stringify(body))
}

function pathOf(request: FastifyRequest): string {
  return cleanText(request.url.split('?')[0]!, REPEATED_CHARS_MAX)
}

function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error
  if (error.validation) return invalidRequest(error.validation, error.validationContext ?? 'request')
  const code = FASTIFY_CODES.get(error.code)
  const detail = cleanText(error.message, REPEATED_CHARS_MAX)
  if (code) return new Problem(code, detail)
  if (error.statusCode === 400) return new Problem('invalid-request', detail)
  const known = databaseProblem(error)
  if (known) return known
  const problem = new Problem(
    'internal',
    'The gateway failed to handle this request; it was logged under the request_id.',
  )
  problem.cause = error
  return problem
}
