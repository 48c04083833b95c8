import { TOPICS } from '../events/topics.ts'
import type { ProducerRecord } from '../kafka/wire/record-batch-encode.ts'
import type { Queryable } from '../postgres/pool.ts'
import { type PlaceAnchor, parseAnchor, type SigningKey, type Statement, signAnchor } from './anchor.ts'

const TRIES_MAX = 20
/** Rows that one statement drops. */
const DROPPED_MAX = 10_000

/**
 * Signs a statement as the next anchor of a chain and stores it in PostgreSQL. Returns its text. Processes that do so at
 * once get serials of their own.
 */
export async function storeAnchor(
  database: Queryable,
  key: SigningKey,
  chain: string,
  statement: Statement,
  nowMs: number,
): Promise<string> {
  const at = new Date(nowMs).toISOString()
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const { rows } = await database.query<{ serial: number }>({
      name: 'audit-anchor-next',
      text: 'SELECT coalesce(max(serial), 0) + 1 AS serial FROM audit_anchors WHERE chain = $1',
      values: [chain],
    })
    const { serial } = rows[0]!
    const record = signAnchor(key, { chain, serial, at }, statement)
    const { rowCount } = await database.query({
      name: 'audit-anchor-store',
      text: `INSERT INTO audit_anchors (chain, serial, kind, anchored_at, record) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING`,
      values: [chain, serial, statement.kind, at, record],
    })
    if (rowCount === 1) return record
  }
  throw new Error(`no serial for an anchor of chain ${chain} after ${TRIES_MAX} tries`)
}

/** An anchor as a record for Kafka. */
export function anchorRecord(chain: string, text: string): ProducerRecord {
  return {
    topic: TOPICS.anchors,
    key: Buffer.from(chain),
    value: text,
    headers: [['content-type', 'application/json']],
  }
}

/** The last anchor that says how many lines a chain has, with its text; null if there is none. */
export async function readLastHead(
  database: Queryable,
  chain: string,
): Promise<{ anchor: PlaceAnchor; text: string } | null> {
  const { rows } = await database.query<{ record: string }>({
    name: 'audit-anchor-last',
    text: `SELECT record FROM audit_anchors WHERE chain = $1 AND kind = 'head' ORDER BY serial DESC LIMIT 1`,
    values: [chain],
  })
  const text = rows[0]?.record
  const anchor = text === undefined ? null : parseAnchor(text)
  return anchor && anchor.kind !== 'key' ? { anchor, text: text! } : null
}

/** The texts of all anchors in PostgreSQL. */
export async function readAnchors(database: Queryable): Promise<string[]> {
  const { rows } = await database.query<{ record: string }>('SELECT record FROM audit_anchors ORDER BY chain, serial')
  return rows.map(({ record }) => record)
}

/**
 * Drops anchors that are older. The last head of each chain stays with what follows it, as a log that does not grow has no
 * newer one, and serials go on from it; of removals the last of each cause stay, as the log begins where they say. Returns
 * how many.
 */
export async function dropAnchors(database: Queryable, days: number): Promise<number> {
  const { rowCount } = await database.query({
    name: 'audit-anchor-drop',
    text: `DELETE FROM audit_anchors WHERE (chain, serial) IN (
             SELECT chain, serial FROM audit_anchors AS old
             WHERE kind <> 'key' AND anchored_at < now() - $1 * interval '1 day'
               AND serial < (SELECT max(serial) FROM audit_anchors AS head WHERE head.chain = old.chain AND head.kind = 'head')
               AND (kind = 'head' OR EXISTS (
                 SELECT 1 FROM audit_anchors AS later WHERE later.chain = old.chain AND later.serial > old.serial
                   AND later.kind = 'removed' AND later.record::json->>'cause' = old.record::json->>'cause'))
             ORDER BY anchored_at LIMIT ${DROPPED_MAX})`,
    values: [days],
  })
  return rowCount ?? 0
}
