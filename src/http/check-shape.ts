import type { FastifyRequest } from 'fastify'
import { Problem, type ProblemPointer } from '../domain/errors.ts'
import { CLEAN_LINES_PATTERN, CLEAN_PATTERN, cleanText } from '../domain/text/clean-text.ts'

const POINTER_CHARS_MAX = 200
const POINTERS_MAX = 10

/** Checks a value by a schema. Throws Problem `invalid-request`; `prefix` is the value's place in the body. */
export function checkShape(request: FastifyRequest, schema: object, value: unknown, prefix = ''): void {
  const isFit = shapes.get(schema) ?? compileShape(request, schema)
  if (!isFit(value)) throw invalidRequest(isFit.errors!, 'body', prefix)
}

interface Shape {
  (value: unknown): boolean
  readonly errors?: readonly SchemaFault[]
}

const shapes = new WeakMap<object, Shape>()

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

/** A request that is not of its schema; `prefix` is the checked value's place in the body. */
export function invalidRequest(faults: readonly SchemaFault[], where: string, prefix = ''): Problem {
  const byPointer = new Map<string, ProblemPointer>()
  for (const fault of faults) {
    const { path, detail } = explainFault(fault)
    const pointer = cleanText(`${prefix}${path}`, POINTER_CHARS_MAX) || '/'
    // The first is the most specific; further ones at the same place follow from it.
    if (!byPointer.has(pointer)) byPointer.set(pointer, { pointer, detail })
  }
  const pointers = [...byPointer.values()].slice(0, POINTERS_MAX)
  const first = pointers[0]!
  return new Problem('invalid-request', `${where}${first.pointer} ${first.detail}.`, pointers)
}

/** Patterns in plain words. */
const PATTERN_WORDS: ReadonlyMap<string, string> = new Map([
  [CLEAN_PATTERN, 'has a control character'],
  [CLEAN_LINES_PATTERN, 'has a control character'],
])

/** Names come from the request, so they are cleaned by the caller. */
function explainFault({ instancePath, message = 'is not valid', params, propertyName }: SchemaFault): {
  path: string
  detail: string
} {
  const { missingProperty, additionalProperty, pattern } = params
  if (missingProperty !== undefined) return { path: `${instancePath}/${missingProperty}`, detail: 'is required' }
  if (additionalProperty !== undefined) {
    return { path: `${instancePath}/${additionalProperty}`, detail: 'is not a known field' }
  }
  const words = PATTERN_WORDS.get(String(pattern))
  if (propertyName === undefined) return { path: instancePath, detail: words ?? message }
  return {
    path: `${instancePath}/${propertyName}`,
    detail: words ? `${words} in its name` : `is named so that it ${message}`,
  }
}
