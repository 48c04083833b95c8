import type { Queryable } from '../postgres/pool.ts'
import { type ClaimedLetter, existingLetters, type LetterChoice } from './claim-letters.ts'
import { busyLetter, unknownLetter } from './dlq-error.ts'
import type { LetterCursor } from './letter-filter.ts'
import { letterId } from './letter-id.ts'

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
  readonly last: LetterCursor | null
}

/** Adds the dead letters that were requested by their ids and could not be claimed to the decided ones. */
export async function batchResult(
  database: Queryable,
  choice: LetterChoice,
  claimed: readonly ClaimedLetter[],
  done: readonly string[],
  refused: readonly Refusal[],
): Promise<BatchResult> {
  return { done, refused: [...refused, ...(await missing(database, choice, claimed))], last: claimed.at(-1) ?? null }
}

async function missing(
  database: Queryable,
  choice: LetterChoice,
  claimed: readonly ClaimedLetter[],
): Promise<Refusal[]> {
  if (choice.kind !== 'places') return []
  const found = new Set(claimed.map(({ id }) => id))
  const places = choice.places.filter((place) => !found.has(letterId(place)))
  if (places.length === 0) return []
  const existing = await existingLetters(database, places)
  return places.map(letterId).map((id) => {
    return { id, why: (existing.has(id) ? busyLetter(id) : unknownLetter(id)).message }
  })
}
