import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS, Problem, type ProblemCode, type ProblemPointer } from '../../domain/errors.ts'
import { cleanText } from '../../domain/text/clean-text.ts'
import type { Log } from '../../runtime/log.ts'
import { databaseProblem } from '../database-problem.ts'

/** Errors that Fastify raises before a handler runs, as problems of our catalogue. */
const FASTIFY_CODES: ReadonlyMap<string, ProblemCode> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'payload-too-large'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'unsupported-media-type'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'invalid-request'],
  ['FST_ERR_BAD_URL', 'invalid-request'],
  ['FST_ERR_MAX_PARAM_LENGTH', 'not-found'],
])

/** What an answer repeats of a request is cut: nobody needs their own 16 kB of path again. */
const POINTER_CHARS_MAX = 200
const POINTERS_MAX = 10

/** Answers every error as RFC 9457 `application/problem+json`. What is not in the catalogue is logged and says nothing of itself. */
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

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  if (PROBLEMS[problem.code].retry !== 'never') reply.header('retry-after', String(problem.retryAfterSeconds))
  const body = { ...describeProblem(problem), instance: pathOf(request), request_id: request.id }
  return reply.status(problem.status).type('application/problem+json').send(JSON.stringify(body))
}

function pathOf(request: FastifyRequest): string {
  return cleanText(request.url.split('?')[0]!, POINTER_CHARS_MAX)
}

function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error
  if (error.validation) return invalidRequest(error.validation, error.validationContext ?? 'request')
  const code = FASTIFY_CODES.get(error.code)
  const detail = cleanText(error.message, POINTER_CHARS_MAX)
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

/** Checks a value by a schema. Throws Problem `invalid-request`; `prefix` is where the value stands in the body. */
export function checkShape(request: FastifyRequest, schema: object, value: unknown, prefix = ''): void {
  const isFit = shapes.get(schema) ?? compileShape(request, schema)
  if (!isFit(value)) throw invalidRequest(isFit.errors!, 'body', prefix)
}

interface Shape {
  (value: unknown): boolean
  readonly errors?: readonly SchemaFault[]
}

const shapes = new WeakMap<object, Shape>()

/** By the compiler of the instance: a route that checks its body by itself has one that checks nothing. */
function compileShape(request: FastifyRequest, schema: object): Shape {
  const compile = request.server.validatorCompiler!
  const shape = compile({ schema, method: request.method, url: request.url, httpPart: 'body' }) as Shape
  shapes.set(schema, shape)
  return shape
}

/** What a check of a schema found, as Ajv describes it. */
interface SchemaFault {
  /** Of what `propertyNames` refuses. */
  readonly propertyName?: string
  readonly instancePath: string
  readonly message?: string
  readonly params: Readonly<Record<string, unknown>>
}

/** A request that is not of its schema; `prefix` is where the checked value stands in the body. */
function invalidRequest(faults: readonly SchemaFault[], where: string, prefix = ''): Problem {
  const byPointer = new Map<string, ProblemPointer>()
  for (const fault of faults) {
    const { path, detail } = explainFault(fault)
    const pointer = cleanText(`${prefix}${path}`, POINTER_CHARS_MAX) || '/'
    // The first says most; what follows at the same place is what it makes of the whole.
    if (!byPointer.has(pointer)) byPointer.set(pointer, { pointer, detail })
  }
  const pointers = [...byPointer.values()].slice(0, POINTERS_MAX)
  const first = pointers[0]!
  return new Problem('invalid-request', `${where}${first.pointer} ${first.detail}.`, pointers)
}

/** Names come from the request, so they are cleaned by the caller. */
function explainFault({ instancePath, message = 'is not valid', params, propertyName }: SchemaFault): {
  path: string
  detail: string
} {
  const { missingProperty, additionalProperty } = params
  if (missingProperty !== undefined) return { path: `${instancePath}/${missingProperty}`, detail: 'is required' }
  if (additionalProperty !== undefined) {
    return { path: `${instancePath}/${additionalProperty}`, detail: 'is not a known field' }
  }
  if (propertyName !== undefined)
    return { path: `${instancePath}/${propertyName}`, detail: `is named so that it ${message}` }
  return { path: instancePath, detail: message }
}
