import type { ProblemCode } from '../../domain/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems that the route itself answers with, besides those of every route. */
    problems?: readonly ProblemCode[]
  }
}

/** Of checking, routing and pricing a message. */
export const DRAFT_PROBLEMS = [
  'invalid-phone',
  'invalid-text',
  'invalid-time',
  'forbidden',
  'invalid-sender',
  'no-route',
] as const satisfies readonly ProblemCode[]

/** Of an `Idempotency-Key`. */
export const CLAIM_PROBLEMS = [
  'idempotency-in-flight',
  'idempotency-mismatch',
] as const satisfies readonly ProblemCode[]

/** Of a message in the answer to a batch. */
export const RESULT_PROBLEMS = [
  'invalid-request',
  ...DRAFT_PROBLEMS,
  'insufficient-balance',
  'idempotency-mismatch',
  'internal',
  'unavailable',
] as const satisfies readonly ProblemCode[]

/** Sent before or around any route: by the HTTP parser, the limits, the refusal of methods and the error handler. */
const OF_EVERY_ROUTE = [
  'invalid-request',
  'method-not-allowed',
  'request-timeout',
  'expectation-failed',
  'too-many-requests',
  'headers-too-large',
  'internal',
] as const satisfies readonly ProblemCode[]
const OF_KEYED_ROUTES = ['unauthorized', 'unavailable'] as const satisfies readonly ProblemCode[]
const OF_BODIES = ['payload-too-large', 'unsupported-media-type'] as const satisfies readonly ProblemCode[]

const METHODS_WITHOUT_BODY = new Set(['GET', 'HEAD'])

/** What is looked at of a route. */
export interface ProblemRoute {
  readonly method: string | readonly string[]
  readonly config?: { readonly problems?: readonly ProblemCode[]; readonly isForCustomers?: boolean } | undefined
}

/** Every problem that a route may be answered with, in the order of the catalogue's groups. */
export function problemsOf({ method, config }: ProblemRoute): ReadonlySet<ProblemCode> {
  const takesBody = [method].flat().some((each) => !METHODS_WITHOUT_BODY.has(each))
  return new Set<ProblemCode>([
    ...OF_EVERY_ROUTE,
    ...(config?.isForCustomers ? OF_KEYED_ROUTES : []),
    ...(takesBody ? OF_BODIES : []),
    ...(config?.problems ?? []),
  ])
}
