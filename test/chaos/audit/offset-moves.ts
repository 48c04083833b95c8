import type { CommitFacts, OffsetMove } from './facts.ts'

/** The name of a commit in a history's `written`. */
export function writtenCommit(place: string, offset: number): string {
  return `${place} ${offset}`
}

/** Follows the committed offset of each place, and notes where it went back. */
export class OffsetMoves {
  readonly #highest = new Map<string, number>()
  readonly #back: OffsetMove[] = []
  #looked = 0

  /** Null: it was deleted, so it may begin anew. */
  saw(place: string, offset: number | null): void {
    this.#looked++
    if (offset === null) {
      this.#highest.delete(place)
      return
    }
    const before = this.#highest.get(place) ?? 0
    if (offset < before) this.#back.push({ place, from: before, to: offset })
    this.#highest.set(place, offset)
  }

  get facts(): CommitFacts {
    return { looked: this.#looked, back: this.#back }
  }
}
