import { readFileSync } from 'node:fs'
import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { LineCounter, parseDocument } from 'yaml'

/** What an operator may be asked to do when the answer to a submit was lost. See `docs/states/attempt.md`. */
const AmbiguityPolicy = Type.Union([Type.Literal('resend'), Type.Literal('hold')])

const Operator = Type.Object(
  {
    connector: Type.Literal('simulator'),
    /** `host:port`; `embedded` stands for the simulator that `smsgw up` starts. */
    address: Type.String({ pattern: '^(embedded|.+:[0-9]+)$' }),
    /** Submits that may await their answer at once, for each worker. */
    window: Type.Integer({ minimum: 1, maximum: 10_000 }),
    response_timeout_ms: Type.Integer({ minimum: 100, maximum: 300_000 }),
    on_ambiguous: AmbiguityPolicy,
  },
  { additionalProperties: false },
)

const Route = Type.Object(
  {
    prefix: Type.String({ pattern: '^[0-9]*$' }),
    operator: Type.String({ minLength: 1 }),
    price: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
)

const OperatorsFile = Type.Object(
  {
    operators: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }), Operator),
    routes: Type.Array(Route, { minItems: 1 }),
  },
  { additionalProperties: false },
)

export type AmbiguityPolicy = Static<typeof AmbiguityPolicy>
export type OperatorConfig = Static<typeof Operator>
export type OperatorsFile = Static<typeof OperatorsFile>

export class OperatorsFileError extends Error {
  override readonly name = 'OperatorsFileError'
}

const checker = Compile(OperatorsFile as TSchema)

/** Reads operators and routes. Throws OperatorsFileError that names the line and what is wrong there. */
export function readOperatorsFile(path: string): OperatorsFile {
  return parseOperators(readFileSync(path, 'utf8'), path)
}

export function parseOperators(source: string, path: string): OperatorsFile {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines })
  const [syntax] = document.errors
  if (syntax) throw new OperatorsFileError(`${path}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message}`)
  const lineOf = (pointer: string): number => {
    const steps = pointer.split('/').slice(1)
    for (let depth = steps.length; depth > 0; depth--) {
      const node = document.getIn(steps.slice(0, depth), true) as { range?: [number, number, number] } | undefined
      if (node?.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const value: unknown = document.toJS()
  if (!checker.Check(value)) {
    const [first] = checker.Errors(value)
    const pointer = first?.instancePath ?? ''
    throw new OperatorsFileError(`${path}:${lineOf(pointer)}: ${pointer || '/'} ${first?.message ?? 'is not valid'}`)
  }
  const file = value as OperatorsFile
  for (const [index, { operator }] of file.routes.entries()) {
    if (operator in file.operators) continue
    throw new OperatorsFileError(`${path}:${lineOf(`/routes/${index}/operator`)}: there is no operator "${operator}"`)
  }
  return file
}
