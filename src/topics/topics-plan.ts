import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { ExpectedError } from '../runtime/expected-error.ts'

const name = Type.String({ minLength: 1 })
const count = Type.Integer({ minimum: 0 })
const nodeIds = Type.Array(Type.Integer(), { minItems: 1 })
const closed = { additionalProperties: false } as const

const PlannedChange = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('create-topic'),
      topic: name,
      partitions: count,
      replicationFactor: count,
      configs: Type.Record(Type.String(), Type.String()),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('set-config'), topic: name, name, from: Type.String(), to: Type.String() }, closed),
  Type.Object({ kind: Type.Literal('remove-config'), topic: name, name, from: Type.String() }, closed),
  Type.Object(
    { kind: Type.Literal('add-partitions'), topic: name, from: count, to: count, replicas: Type.Array(nodeIds) },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('reassign'),
      topic: name,
      replicationFactor: count,
      moves: Type.Array(Type.Object({ partition: count, from: nodeIds, to: nodeIds }, closed)),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('delete-topic'), topic: name, partitions: count }, closed),
])

/** One step of a plan. Each says what it expects to find, so that a plan can be checked before it is applied. */
export type PlannedChange = Static<typeof PlannedChange>

const TopicsPlan = Type.Object(
  {
    version: Type.Literal(1),
    clusterId: name,
    plannedAt: Type.String(),
    prune: Type.Boolean(),
    owns: Type.Union([Type.String(), Type.Null()]),
    declared: Type.Array(
      Type.Object(
        {
          name,
          partitions: count,
          replicationFactor: count,
          configs: Type.Record(Type.String(), Type.String()),
        },
        closed,
      ),
    ),
    changes: Type.Array(PlannedChange),
  },
  closed,
)

/** A plan as it is shown, stored and applied: what was declared, of which cluster, and what is to change. */
export type TopicsPlan = Static<typeof TopicsPlan>

const checker = Compile(TopicsPlan)

/** Reads a plan that `smsgw topics plan --out` wrote. Throws ExpectedError when it is not one. */
export function readPlanFile(path: string): TopicsPlan {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw notAPlan(path, (error as Error).message)
  }
  if (checker.Check(value)) return value
  const [first] = checker.Errors(value)
  throw notAPlan(path, `${first?.instancePath || '/'} ${first?.message ?? 'is not valid'}`)
}

function notAPlan(path: string, why: string): ExpectedError {
  return new ExpectedError(`${path} is not a plan: ${why}. Make one: smsgw topics plan --out ${path}`)
}
