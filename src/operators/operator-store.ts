import { hash } from 'node:crypto'
import type { Pool } from '../postgres/pool.ts'

/** A revision of operators and routes, as PostgreSQL keeps it. */
export interface OperatorRevision {
  readonly revision: number
  /** YAML, as it was applied. */
  readonly source: string
  readonly appliedBy: string
  readonly appliedAt: Date
}

interface RevisionRow {
  readonly revision: number
  readonly source: string
  readonly applied_by: string
  readonly applied_at: Date
}

/** The newest revision above `revisionBefore`; null if there is none. */
export async function readRevisionAfter(pool: Pool, revisionBefore: number): Promise<OperatorRevision | null> {
  const { rows } = await pool.query<RevisionRow>({
    name: 'operators-read-newest',
    text: `SELECT revision, source, applied_by, applied_at FROM operator_configs WHERE revision > $1
           ORDER BY revision DESC LIMIT 1`,
    values: [revisionBefore],
  })
  return rows[0] ? toRevision(rows[0]) : null
}

export async function readRevision(pool: Pool, revision: number): Promise<OperatorRevision | null> {
  const { rows } = await pool.query<RevisionRow>(
    'SELECT revision, source, applied_by, applied_at FROM operator_configs WHERE revision = $1',
    [revision],
  )
  return rows[0] ? toRevision(rows[0]) : null
}

/**
 * Adds a revision behind the one that it was made against, 0 for none. Returns null if that is not the newest any more:
 * of several that add at once, one succeeds.
 */
export async function addRevision(
  pool: Pool,
  { basedOn, source, by }: { readonly basedOn: number; readonly source: string; readonly by: string },
): Promise<OperatorRevision | null> {
  const { rows } = await pool.query<RevisionRow>(
    `INSERT INTO operator_configs (revision, source, sha256, applied_by)
     SELECT $1::integer + 1, $2, $3, $4
     WHERE (SELECT coalesce(max(revision), 0) FROM operator_configs) = $1
     ON CONFLICT DO NOTHING RETURNING revision, source, applied_by, applied_at`,
    [basedOn, source, hash('sha256', source, 'buffer'), by],
  )
  return rows[0] ? toRevision(rows[0]) : null
}

function toRevision({ revision, source, applied_by, applied_at }: RevisionRow): OperatorRevision {
  return { revision, source, appliedBy: applied_by, appliedAt: applied_at }
}
