import type { Queryable } from '../postgres/pool.ts'
import { type ClaimedDeadLetter, type DeadLetterChoice, existingDeadLetters } from './claim-dead-letters.ts'
import type { DeadLetterCursor } from './dead-letter-filter.ts'
import { deadLetterId } from './dead-letter-id.ts'
import { busyDeadLetter, unknownDeadLetter } from './dlq-error.ts'

/** A dead letter whose change was refused; `why` says the reason, and the next command to try. */
export interface Refusal {
  readonly id: string
  readonly why: string
}

/** The result of a change of dead letters, each by its id. */
export interface BatchResult {
  readonly done: readonly string[]
  readonly refused: readonly Refusal[]
  /** Behind the last dead letter that was examined; null if there was none. */
  readonly last: DeadLetterCursor | null
}

/** Adds the dead letters that were requested by their ids and could not be claimed to the decided ones. */
export async function batchResult(
  database: Queryable,
  choice: DeadLetterChoice,
  claimed: readonly ClaimedDeadLetter[],
  done: readonly string[],
  refused: readonly Refusal[],
): Promise<BatchResult> {
  return { done, refused: [...refused, ...(await missing(database, choice, claimed))], last: claimed.at(-1) ?? null }
}

async function missing(
  database: Queryable,
  choice: DeadLetterChoice,
  claimed: readonly ClaimedDeadLetter[],
): Promise<Refusal[]> {
  if (choice.kind !== 'places') return []
  const found = new Set(claimed.map(({ id }) => id))
  const places = choice.places.filter((place) => !found.has(deadLetterId(place)))
  if (places.length === 0) return []
  const existing = await existingDeadLetters(database, places)
  return places.map(deadLetterId).map((id) => {
    return { id, why: (existing.has(id) ? busyDeadLetter(id) : unknownDeadLetter(id)).message }
  })
}
