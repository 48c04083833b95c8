import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { CONNECTORS } from '../../delivery/connectors/connectors.ts'
import { connectorSettings } from '../../operators/operator-schema.ts'
import { addRevision, declaredOf, type OperatorRevision, readRevisionAfter } from '../../operators/operator-store.ts'
import { type DeclaredOperators, parseOperators } from '../../operators/operators-file.ts'
import type { Queryable } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { compareOperators, type OperatorsChange } from './compare-operators.ts'

const StoredPlan = Type.Object(
  {
    version: Type.Literal(1),
    /** The revision that the plan was made against; 0 if there was none. */
    basedOn: Type.Integer({ minimum: 0 }),
    plannedAt: Type.String(),
    file: Type.String(),
    source: Type.String(),
  },
  { additionalProperties: false },
)

type StoredPlan = Static<typeof StoredPlan>

/** A file as it would become the next revision, and what that would change. */
export interface OperatorsPlan extends StoredPlan {
  readonly declared: DeclaredOperators
  readonly changes: readonly OperatorsChange[]
  /** Secrets and files of operators that are not here; every worker needs them. */
  readonly missing: readonly string[]
}

/**
 * Compares a file with the revision in force. Throws YamlFileError that names the line for a file that cannot be used, and
 * ExpectedError for a password that cannot be sent.
 */
export async function planOperators(pool: Queryable, file: string): Promise<OperatorsPlan> {
  const source = readFileSync(file, 'utf8')
  return completePlan({ version: 1, plannedAt: new Date().toISOString(), file, source }, await newest(pool))
}

/** A plan that was stored, compared again. Throws ExpectedError if another revision has come into force since. */
export async function recallPlan(pool: Queryable, path: string): Promise<OperatorsPlan> {
  const { basedOn, ...stored } = readPlanFile(path)
  const current = await newest(pool)
  if ((current?.revision ?? 0) !== basedOn) throw movedOn(basedOn, current)
  return completePlan(stored, current)
}

/** Makes a plan the next revision. Throws ExpectedError if another revision has come into force since it was made. */
export async function applyOperators(pool: Queryable, plan: OperatorsPlan, by: string): Promise<OperatorRevision> {
  const { basedOn, source, declared } = plan
  const added = await addRevision(pool, { basedOn, source, declared, by })
  if (added) return added
  throw movedOn(basedOn, await newest(pool))
}

/** What of a plan is stored. */
export function toStoredPlan({ version, basedOn, plannedAt, file, source }: OperatorsPlan): StoredPlan {
  return { version, basedOn, plannedAt, file, source }
}

function newest(pool: Queryable): Promise<OperatorRevision | null> {
  return readRevisionAfter(pool, 0)
}

function completePlan(stored: Omit<StoredPlan, 'basedOn'>, current: OperatorRevision | null): OperatorsPlan {
  const declared = parseOperators(stored.source, stored.file, CONNECTORS)
  const changes = compareOperators(current && declaredOf(current, CONNECTORS), declared)
  const missing = missingSecrets(declared.operators)
  return { ...stored, basedOn: current?.revision ?? 0, declared, changes, missing }
}

/**
 * What is missing here of the secrets and files that operators name, a sentence each: they belong to the workers, whose
 * environment may be another. Throws ExpectedError for a password that is here and cannot be sent.
 */
function missingSecrets(operators: DeclaredOperators['operators']): string[] {
  return Object.entries(operators).flatMap(([name, config]) =>
    CONNECTORS[config.connector]!.missing(name, connectorSettings(config), process.env).map(
      (what) => `operator ${name}: ${what}`,
    ),
  )
}

function movedOn(basedOn: number, current: OperatorRevision | null): ExpectedError {
  const now = current ? `revision ${current.revision} of ${current.appliedBy} is in force` : 'there is none'
  return new ExpectedError(`Nothing was applied: the plan is for revision ${basedOn}, and now ${now}. Plan again.`)
}

const checker = Compile(StoredPlan)

function readPlanFile(path: string): StoredPlan {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ExpectedError(`${path} is not a plan: ${(error as Error).message}.`)
  }
  if (checker.Check(value)) return value
  throw new ExpectedError(`${path} is not a plan. Make one: smsgw operators plan --out ${path}`)
}
