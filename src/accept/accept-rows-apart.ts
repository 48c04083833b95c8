import type { Refused } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { isItemFault } from '../postgres/database-errors.ts'
import { isolateFailures } from '../runtime/isolate-failures.ts'
import type { AcceptResult, RowOutcome } from './accept-batch.ts'
import type { PendingRequest } from './pending-request.ts'

/**
 * Accepts a request that PostgreSQL refused as a whole, in parts: its good messages are accepted, and each that is
 * refused by itself gets the problem `internal`, and its error is passed to `failed`. The request's key has what was
 * accepted so far, so that each part finds the work of those before it. Throws what is no message's fault.
 */
export async function acceptRowsApart(
  request: PendingRequest,
  error: unknown,
  accept: (part: PendingRequest) => Promise<AcceptResult>,
  failed: (error: unknown) => void,
): Promise<AcceptResult> {
  const fail = (cause: unknown): Refused => {
    failed(cause)
    return { kind: 'refused', problem: new Problem('internal', 'The gateway failed to store this message.') }
  }
  if (request.rows.length === 1) return { kind: 'rows', outcomes: [fail(error)] }
  const skipped = new Problem('unavailable', 'This message was not tried yet; try again with the same key.')
  const outcomes = await isolateFailures([...request.rows.keys()], {
    apply: async (indexes): Promise<readonly RowOutcome[]> => {
      const chosen = new Set(indexes)
      const rows = request.rows.map((row, index) => (chosen.has(index) ? row : { draft: skipped, claim: null }))
      const result = await accept({ ...request, rows })
      return indexes.map((index) => (result.kind === 'rows' ? result.outcomes[index]! : result))
    },
    isItemFault,
    isolated: (_index, cause) => fail(cause),
  })
  return { kind: 'rows', outcomes }
}
