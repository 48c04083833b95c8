import type { Connection, Pool } from './pool.ts'

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. If the connection breaks
 * while committing, the outcome is not known and the error says so by being thrown: repeat only what is idempotent.
 */
export async function inTransaction<T>(pool: Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.connect()
  let broken: Error | undefined
  try {
    // Not waited for: the first statement of `work` travels along with it.
    const begun = connection.query('BEGIN')
    begun.catch(() => {})
    const result = await work(connection)
    await connection.query('COMMIT')
    return result
  } catch (error) {
    await connection.query('ROLLBACK').catch((rollbackError: Error) => {
      broken = rollbackError
    })
    throw error
  } finally {
    connection.release(broken)
  }
}
