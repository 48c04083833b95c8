import type { Queryable } from '../postgres/pool.ts'
import { type ClaimedLetter, existingLetters, type LetterChoice } from './claim-letters.ts'
import { busyLetter, unknownLetter } from './dlq-error.ts'
import type { LetterCursor } from './letter-filter.ts'
import { letterId } from './letter-id.ts'

/** A letter with which what was asked was not done; `why` names it, and the next command to try. */
export interface Refusal {
  readonly id: string
  readonly why: string
}

/** What became of some letters, each by its id. */
export interface BatchResult {
  readonly done: readonly string[]
  readonly refused: readonly Refusal[]
  /** Behind the last letter that was looked at; null if there was none. */
  readonly last: LetterCursor | null
}

/** Adds to what was decided the letters that were asked for by their ids and could not be claimed. */
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
