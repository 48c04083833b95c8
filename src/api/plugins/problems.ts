import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS, Problem, type ProblemCode, type ProblemPointer } from '../../domain/errors.ts'
import type { Log } from '../../runtime/log.ts'
import { databaseProblem } from '../database-problem.ts'

/** Errors that Fastify raises before a handler runs, as problems of our catalogue. */
const FASTIFY_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
}

/** Answers every error as RFC 9457 `application/problem+json`. What is not in the catalogue is logged and says nothing of itself. */
export function answerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    const problem = toProblem(error)
    // A refusal by design, as of a full queue, has no cause; thousands a second would bury what has.
    if (problem.status >= 500 && problem.cause) {
      log.error({ err: problem.cause, requestId: request.id, path: request.routeOptions.url }, 'request failed')
    }
    return send(request, reply, problem)
  })
  app.setNotFoundHandler((request, reply) => {
    return send(request, reply, new Problem('not-found', `There is no ${request.method} ${request.url.split('?')[0]}.`))
  })
}

/** What a problem looks like inside an answer, such as for one message of a batch. */
export function describeProblem(problem: Problem): Record<string, unknown> {
  const { status, title, retry } = PROBLEMS[problem.code]
  return {
    type: `/errors/${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    retry,
    ...(problem.pointers.length > 0 ? { errors: problem.pointers } : {}),
  }
}

function send(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  if (PROBLEMS[problem.code].retry !== 'never') reply.header('retry-after', String(problem.retryAfterSeconds))
  const body = { ...describeProblem(problem), instance: request.url.split('?')[0], request_id: request.id }
  return reply.status(problem.status).type('application/problem+json').send(JSON.stringify(body))
}

function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error
  if (error.validation) return fromValidation(error)
  const code = FASTIFY_CODES[error.code]
  if (code) return new Problem(code, error.message)
  if (error.statusCode === 400) return new Problem('invalid-request', error.message)
  const known = databaseProblem(error)
  if (known) return known
  const problem = new Problem(
    'internal',
    'The gateway failed to handle this request; it was logged under the request_id.',
  )
  problem.cause = error
  return problem
}

function fromValidation(error: FastifyError): Problem {
  const pointers = error.validation!.map(({ instancePath, message = 'is not valid', params }): ProblemPointer => {
    const { missingProperty, additionalProperty } = params as { missingProperty?: string; additionalProperty?: string }
    if (missingProperty) return { pointer: `${instancePath}/${missingProperty}`, detail: 'is required' }
    if (additionalProperty) return { pointer: `${instancePath}/${additionalProperty}`, detail: 'is not a known field' }
    return { pointer: instancePath || '/', detail: message }
  })
  const first = pointers[0]!
  return new Problem(
    'invalid-request',
    `${error.validationContext ?? 'request'}${first.pointer} ${first.detail}.`,
    pointers,
  )
}
