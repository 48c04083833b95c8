import type { BatchResult, Refusal } from './batch-result.ts'
import type { DeadLetterChoice } from './claim-dead-letters.ts'
import type { DeadLetterCursor, DeadLetterFilter } from './dead-letter-filter.ts'
import type { DeadLetterPlace } from './dead-letter-id.ts'

/** Dead letters changed in one transaction: few, so that the locks on balances are short. */
const BATCH_DEAD_LETTERS_MAX = 500
/** Refusals that are returned with their reasons; of more only the number. */
const REFUSALS_RETURNED_MAX = 1_000

export interface ChangeResult {
  readonly done: number
  readonly refused: number
  readonly refusals: readonly Refusal[]
}

export type ChangeBatch = (choice: DeadLetterChoice) => Promise<BatchResult>

/** Changes dead letters by their ids, some in each transaction. */
export async function changeByIds(places: readonly DeadLetterPlace[], change: ChangeBatch): Promise<ChangeResult> {
  const tally = new Tally()
  for (let from = 0; from < places.length; from += BATCH_DEAD_LETTERS_MAX) {
    tally.add(await change({ kind: 'places', places: places.slice(from, from + BATCH_DEAD_LETTERS_MAX) }))
  }
  return tally.result
}

/**
 * Changes open dead letters that match a filter, the oldest first, up to `deadLettersMax`. Records that failed after it
 * began are left alone, so that one that fails again at once does not cycle.
 */
export async function changeMatching(
  filter: DeadLetterFilter,
  deadLettersMax: number,
  change: ChangeBatch,
  progress: (looked: number) => void = () => {},
): Promise<ChangeResult> {
  const beganMs = Date.now()
  const bounded = { ...filter, toMs: Math.min(filter.toMs ?? beganMs, beganMs) }
  const tally = new Tally()
  let after: DeadLetterCursor | null = null
  let left = deadLettersMax
  while (left > 0) {
    const size: number = Math.min(left, BATCH_DEAD_LETTERS_MAX)
    const batch: BatchResult = await change({ kind: 'filter', filter: bounded, after, deadLettersMax: size })
    tally.add(batch)
    const looked = batch.done.length + batch.refused.length
    if (looked < size) break
    after = batch.last
    left -= looked
    progress(deadLettersMax - left)
  }
  return tally.result
}

class Tally {
  #done = 0
  #refused = 0
  readonly #refusals: Refusal[] = []

  add({ done, refused }: BatchResult): void {
    this.#done += done.length
    this.#refused += refused.length
    this.#refusals.push(...refused.slice(0, REFUSALS_RETURNED_MAX - this.#refusals.length))
  }

  get result(): ChangeResult {
    return { done: this.#done, refused: this.#refused, refusals: this.#refusals }
  }
}
