import type { Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { insertOutbox } from '../tables/outbox-entries.ts'
import { type BatchResult, batchResult } from './batch-result.ts'
import { claimDeadLetters, type DeadLetterChoice } from './claim-dead-letters.ts'
import { closeDeadLetters } from './close-dead-letters.ts'
import { recordAction } from './record-action.ts'

export interface DiscardOptions {
  readonly by: string
  /** The reason, for the audit trail. */
  readonly note: string | null
}

/** Closes dead letters without a redrive. Their messages stay as they are. */
export async function discardDeadLetters(
  pool: Pool,
  choice: DeadLetterChoice,
  { by, note }: DiscardOptions,
): Promise<BatchResult> {
  return inTransaction(pool, async (connection) => {
    const letters = await claimDeadLetters(connection, choice)
    const open = letters.filter(({ state }) => state === 'open')
    const done = open.map(({ id }) => id)
    const refused = letters
      .filter(({ state }) => state !== 'open')
      .map(({ id, state, closedBy }) => {
        return { id, why: `${id} was ${state} by ${closedBy}; \`smsgw dlq show ${id}\` has the history.` }
      })
    if (open.length > 0) {
      const action = await recordAction(connection, 'discarded', by, { letters: done, note }, Date.now())
      const statements = [
        closeDeadLetters(open, 'discarded', by, action.actionId),
        action.insert,
        insertOutbox([action.entry]),
      ]
      await Promise.all(statements.map((statement) => connection.query(statement)))
    }
    return batchResult(connection, choice, letters, done, refused)
  })
}
