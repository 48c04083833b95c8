const SEQUENCES_MAX = 1_000
const OWED_MAX = 10_000

/**
 * Separates deliveries that an SMSC surely sends again from others with the same content, as the receipts of a long
 * message's parts may (they can share id, state, minute and words). Sure is: the same sequence number on the same
 * connection, and what was stored although its acknowledgement did not go out.
 */
export class RepeatedDeliveries {
  readonly #recent = new WeakMap<object, Map<number, string>>()
  /** By digest, how many were stored and not acknowledged. Oldest first. */
  readonly #owed = new Map<string, number>()

  /** Whether a delivery that has arrived is one of them. */
  arrived(connection: object, sequence: number, digest: string): boolean {
    const recent = this.#recent.get(connection) ?? new Map<number, string>()
    this.#recent.set(connection, recent)
    if (recent.get(sequence) === digest) return true
    recent.set(sequence, digest)
    if (recent.size > SEQUENCES_MAX) recent.delete(recent.keys().next().value!)
    return this.#settle(digest)
  }

  /** It was stored, and the SMSC did not hear so: it will send it again. */
  unacknowledged(digest: string): void {
    this.#owed.set(digest, (this.#owed.get(digest) ?? 0) + 1)
    if (this.#owed.size > OWED_MAX) this.#owed.delete(this.#owed.keys().next().value!)
  }

  #settle(digest: string): boolean {
    const owed = this.#owed.get(digest)
    if (owed === undefined) return false
    if (owed > 1) this.#owed.set(digest, owed - 1)
    else this.#owed.delete(digest)
    return true
  }
}
