import { PROBLEMS, type ProblemCode } from '../../domain/errors.ts'

const RETRY_AFTER = { type: 'string', description: 'Seconds after which the request may succeed' }
const WWW_AUTHENTICATE = { type: 'string', description: 'The scheme of API keys: `Bearer`' }
const ALLOW = { type: 'string', description: 'Methods of this path' }

const Pointer = {
  type: 'object',
  required: ['pointer', 'detail'],
  properties: {
    pointer: { type: 'string', description: 'JSON pointer to the field' },
    detail: { type: 'string', description: 'What is wrong there' },
  },
} as const

/** Responses of OpenAPI for problems: one for each status, whose body names exactly these codes. */
export function problemResponses(codes: Iterable<ProblemCode>): Record<string, object> {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      String(status),
      {
        description: ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('. '),
        headers: headersOf(ofStatus),
        content: { 'application/problem+json': { schema: problemSchema(ofStatus) } },
      },
    ]),
  )
}

/** RFC 9457, with the members of `describeProblem` and `sendProblem`. */
export function problemSchema(codes: readonly ProblemCode[]): object {
  const valuesOf = <Key extends 'status' | 'retry'>(key: Key) => [...new Set(codes.map((code) => PROBLEMS[code][key]))]
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code', 'retry'],
    properties: {
      type: { type: 'string', enum: codes.map((code) => `/errors/${code}`), description: 'Describes the code' },
      title: { type: 'string' },
      status: { type: 'integer', enum: valuesOf('status') },
      detail: { type: 'string', description: 'What is wrong with this request' },
      code: { type: 'string', enum: [...codes] },
      retry: {
        type: 'string',
        enum: valuesOf('retry'),
        description: 'Whether the same request may succeed: at once, later, or never',
      },
      errors: { type: 'array', items: Pointer, description: 'Fields at fault' },
      instance: { type: 'string', description: 'The path of the request' },
      request_id: { type: 'string', description: 'Under which the gateway logged an internal error' },
    },
  }
}

function headersOf(codes: readonly ProblemCode[]): Record<string, object> {
  return {
    ...(codes.some((code) => PROBLEMS[code].retry !== 'never') ? { 'Retry-After': RETRY_AFTER } : {}),
    ...(codes.includes('unauthorized') ? { 'WWW-Authenticate': WWW_AUTHENTICATE } : {}),
    ...(codes.includes('method-not-allowed') ? { Allow: ALLOW } : {}),
  }
}
