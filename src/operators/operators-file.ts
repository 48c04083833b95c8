import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { parseYamlFile } from '../runtime/yaml-file.ts'

const DAY_MS = 86_400_000

/** What an operator may be asked to do when the answer to a submit was lost. See `docs/states/attempt.md`. */
const AmbiguityPolicy = Type.Union([Type.Literal('resend'), Type.Literal('hold')])

/** What every operator has, whatever it speaks. */
const COMMON = {
  /** Submits that may await their answer at once, for each worker. */
  window: Type.Integer({ minimum: 1, maximum: 10_000 }),
  response_timeout_ms: Type.Integer({ minimum: 100, maximum: 300_000 }),
  on_ambiguous: AmbiguityPolicy,
  /** How long after a message was sent its receipt may come before it counts as `unknown`; three days without it. */
  receipt_timeout_ms: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 30 * DAY_MS })),
}

const SimulatorOperator = Type.Object(
  {
    connector: Type.Literal('simulator'),
    /** `host:port`; `embedded` stands for the simulator that `smsgw up` starts. */
    address: Type.String({ pattern: '^(embedded|.+:[0-9]+)$' }),
    ...COMMON,
  },
  { additionalProperties: false },
)

const Operator = SimulatorOperator

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

export function receiptTimeoutMs(operator: Pick<OperatorConfig, 'receipt_timeout_ms'> | undefined): number {
  return operator?.receipt_timeout_ms ?? 3 * DAY_MS
}

/** Reads operators and routes. Throws YamlFileError that names the line and what is wrong there. */
export function readOperatorsFile(path: string): OperatorsFile {
  return parseOperators(readFileSync(path, 'utf8'), path)
}

function parseOperators(source: string, path: string): OperatorsFile {
  const { value: file, faultAt } = parseYamlFile(OperatorsFile, source, path)
  for (const [index, { operator }] of file.routes.entries()) {
    if (!(operator in file.operators)) throw faultAt(`/routes/${index}/operator`, `there is no operator "${operator}"`)
  }
  return file
}
