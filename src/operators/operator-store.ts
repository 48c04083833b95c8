import { hash } from 'node:crypto'
import type { Queryable } from '../postgres/pool.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { KnownConnectors } from './connector-settings.ts'
import { checkOperators, type DeclaredOperators } from './operators-file.ts'

/** A revision of operators and routes, as PostgreSQL keeps it. */
export interface OperatorRevision {
  readonly revision: number
  /** YAML, as it was applied. */
  readonly source: string
  /** What that came to, so that processes need not parse it; to be checked by `checkOperators`. */
  readonly declared: unknown
  readonly appliedBy: string
  readonly appliedAt: Date
}

interface RevisionRow {
  readonly revision: number
  readonly source: string
  readonly declared: unknown
  readonly applied_by: string
  readonly applied_at: Date
}

/** The newest revision above `revisionBefore`; null if there is none. */
export async function readRevisionAfter(pool: Queryable, revisionBefore: number): Promise<OperatorRevision | null> {
  const { rows } = await pool.query<RevisionRow>({
    name: 'operators-read-newest',
    text: `SELECT revision, source, declared, applied_by, applied_at FROM operator_configs WHERE revision > $1
           ORDER BY revision DESC LIMIT 1`,
    values: [revisionBefore],
  })
  return rows[0] ? toRevision(rows[0]) : null
}

export async function readRevision(pool: Queryable, revision: number): Promise<OperatorRevision | null> {
  const { rows } = await pool.query<RevisionRow>(
    'SELECT revision, source, declared, applied_by, applied_at FROM operator_configs WHERE revision = $1',
    [revision],
  )
  return rows[0] ? toRevision(rows[0]) : null
}

export interface NewRevision {
  /** The revision that it was made against; 0 for none. */
  readonly basedOn: number
  readonly source: string
  readonly declared: DeclaredOperators
  readonly by: string
}

/**
 * Adds a revision behind the one that it was made against. Returns null if that is not the newest any more:
 * of several that add at once, one succeeds.
 */
export async function addRevision(
  pool: Queryable,
  { basedOn, source, declared, by }: NewRevision,
): Promise<OperatorRevision | null> {
  const { rows } = await pool.query<RevisionRow>(
    `INSERT INTO operator_configs (revision, source, declared, sha256, applied_by)
     SELECT $1::integer + 1, $2, $3, $4, $5
     WHERE (SELECT coalesce(max(revision), 0) FROM operator_configs) = $1
     ON CONFLICT DO NOTHING RETURNING revision, source, declared, applied_by, applied_at`,
    [basedOn, source, JSON.stringify(declared), hash('sha256', source, 'buffer'), by],
  )
  return rows[0] ? toRevision(rows[0]) : null
}

function toRevision({ revision, source, declared, applied_by, applied_at }: RevisionRow): OperatorRevision {
  return { revision, source, declared, appliedBy: applied_by, appliedAt: applied_at }
}

/** The operators and routes of a revision. Throws ExpectedError if this version of the gateway cannot use them. */
export function declaredOf({ revision, declared }: OperatorRevision, connectors: KnownConnectors): DeclaredOperators {
  return checkOperators(
    declared,
    connectors,
    (pointer, what) => new ExpectedError(`Revision ${revision} of the operators: ${pointer || '/'} ${what}`),
  )
}
