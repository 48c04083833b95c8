export interface Awaited<Submit> {
  readonly sequence: number
  readonly submit: Submit
  readonly sinceMs: number
  /** Whether it was handed to the socket: until then the SMSC cannot have it. */
  wasWritten: boolean
}

/** SMPP 3.4, 5.1.4: after it, sequence numbers begin at 1 again. */
export const SEQUENCE_MAX = 0x7fff_ffff

/** The submits of a connection that await their answer, and the sequence numbers of all its requests. */
export class SubmitWindow<Submit> {
  readonly #size: number
  /** In the order in which they came, and so of their deadlines. */
  readonly #awaited = new Map<number, Awaited<Submit>>()
  #unwritten: Awaited<Submit>[] = []
  #sequence: number

  constructor(size: number, lastSequence = 0) {
    this.#size = size
    this.#sequence = lastSequence
  }

  get inUse(): number {
    return this.#awaited.size
  }

  get hasRoom(): boolean {
    return this.#awaited.size < this.#size
  }

  /** Since when the oldest is awaited; undefined if none is. */
  get oldestMs(): number | undefined {
    return this.#awaited.values().next().value?.sinceMs
  }

  /** A number that no request awaiting its answer has. */
  nextSequence(): number {
    do this.#sequence = this.#sequence === SEQUENCE_MAX ? 1 : this.#sequence + 1
    while (this.#awaited.has(this.#sequence))
    return this.#sequence
  }

  /** Whether a request was sent with that number, unless they have begun again since. */
  wasUsed(sequence: number): boolean {
    return sequence > 0 && sequence <= this.#sequence
  }

  add(submit: Submit, nowMs: number): number {
    const sequence = this.nextSequence()
    const awaited = { sequence, submit, sinceMs: nowMs, wasWritten: false }
    this.#awaited.set(sequence, awaited)
    this.#unwritten.push(awaited)
    return sequence
  }

  /** All so far were handed to the socket. */
  written(): void {
    for (const awaited of this.#unwritten) awaited.wasWritten = true
    this.#unwritten = []
  }

  /** The submit of that number, which is awaited no longer. */
  remove(sequence: number): Awaited<Submit> | undefined {
    const awaited = this.#awaited.get(sequence)
    this.#awaited.delete(sequence)
    return awaited
  }

  /** Those that were not handed to the socket, which are awaited no longer. */
  removeUnwritten(): Awaited<Submit>[] {
    const removed = this.#unwritten.filter((each) => this.#awaited.get(each.sequence) === each)
    for (const { sequence } of removed) this.#awaited.delete(sequence)
    this.#unwritten = []
    return removed
  }

  /** Those that came at that time or before, which are awaited no longer; without a time, all. */
  removeUntil(sinceMs = Number.POSITIVE_INFINITY): Awaited<Submit>[] {
    const removed: Awaited<Submit>[] = []
    for (const [sequence, awaited] of this.#awaited) {
      if (awaited.sinceMs > sinceMs) break
      this.#awaited.delete(sequence)
      removed.push(awaited)
    }
    return removed
  }
}
