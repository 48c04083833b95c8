import type { QueryConfig } from 'pg'
import type { Connection, Pool } from './pool.ts'

/** Sends a statement that nothing of `work` depends on: it travels together with the commit. */
export type SendLast = (statement: QueryConfig) => void

/**
 * Runs `work` in one transaction, which is the caller's if a connection is given that has begun one. Otherwise it is
 * committed when it resolves, rolled back when it throws, or when a statement given to
 * `sendLast` fails; what that locks is held for one round trip less. If the connection breaks while committing, the
 * outcome is not known and the error says so by being thrown: repeat only what is idempotent.
 */
export async function inTransaction<T>(
  database: Pool | Connection,
  work: (connection: Connection, sendLast: SendLast) => Promise<T>,
): Promise<T> {
  if ('release' in database) return withinTransaction(database, work)
  const connection = await database.connect()
  const unheard: Promise<unknown>[] = []
  // Heard below, when the transaction ends; until then a failure must not count as unheard.
  const send = (statement: QueryConfig | string): void => {
    const sent = connection.query(statement)
    sent.catch(() => {})
    unheard.push(sent)
  }
  let broken: Error | undefined
  try {
    // Not waited for: the first statement of `work` travels along with it.
    send('BEGIN')
    const result = await work(connection, send)
    send('COMMIT')
    await Promise.all(unheard)
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

/** The caller commits, or rolls back what is thrown. */
async function withinTransaction<T>(
  connection: Connection,
  work: (connection: Connection, sendLast: SendLast) => Promise<T>,
): Promise<T> {
  const sent: Promise<unknown>[] = []
  const result = await work(connection, (statement) => {
    const answer = connection.query(statement)
    answer.catch(() => {})
    sent.push(answer)
  })
  await Promise.all(sent)
  return result
}
