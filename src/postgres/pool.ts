import pg from 'pg'

const INT8 = 20

/** bigint columns as numbers: ids, amounts and counts here stay below 2^53 by design. */
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

export type Pool = pg.Pool
export type Connection = pg.PoolClient
/** Whatever runs a statement: a pool, or a connection inside a transaction. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>

export interface PoolOptions {
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  readonly connectionsMax: number
  /**
   * For a process of the pipeline, which looks rows up by their keys alone: no plan may read a table through. The
   * planner chooses such plans when it takes a table for nearly empty, and it does, as what it knows of a table that
   * fills at thousands of rows a second is always out of date.
   */
  readonly plansByKey?: boolean
  /** The server refuses statements that change something. */
  readonly isReadOnly?: boolean
  /** The server breaks off a statement that runs longer. */
  readonly statementTimeoutMs?: number
  /** Called with the error of a connection that broke while it was idle. */
  readonly idleConnectionFailed?: (error: Error) => void
}

const PLANS_BY_KEY = ['seqscan', 'hashjoin', 'mergejoin'].map((plan) => `-c enable_${plan}=off`).join(' ')

const READ_ONLY = '-c default_transaction_read_only=on'

export function createPool(options: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.connectionsMax,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    options:
      [options.plansByKey ? PLANS_BY_KEY : '', options.isReadOnly ? READ_ONLY : ''].join(' ').trim() || undefined,
    // Statements go out as they come, without waiting for the answer to the one before.
    pipeline: true,
    types,
  } as pg.PoolConfig)
  // An idle connection that breaks is replaced by the pool; unheard, its error would end the process.
  pool.on('error', (error) => options.idleConnectionFailed?.(error))
  // One that breaks in use rejects the pending query; its error event would still end the process.
  pool.on('connect', (connection) => connection.on('error', () => {}))
  return pool
}
