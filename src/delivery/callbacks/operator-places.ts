export interface PlaceLimits {
  /** Callbacks of one operator in flight at once. */
  readonly callbacksMax: number
  /** What their bodies come to. */
  readonly bodiesBytesMax: number
  readonly bodyBytesMax: number
}

interface Used {
  callbacks: number
  bodiesBytes: number
}

/** A callback's place. */
export interface Place {
  /** Takes so many bytes more of its body. The status to refuse it with, or null. */
  grow(bytes: number): 413 | 503 | null
  release(): void
}

/** Places for callbacks, for each operator its own: what one sends, or keeps open, takes none of another's. */
export class OperatorPlaces {
  readonly #limits: PlaceLimits
  readonly #used = new Map<string, Used>()

  constructor(limits: PlaceLimits) {
    this.#limits = limits
  }

  /** Null: the operator has no place left. */
  take(operator: string): Place | null {
    const used = this.#used.get(operator) ?? { callbacks: 0, bodiesBytes: 0 }
    if (used.callbacks >= this.#limits.callbacksMax) return null
    used.callbacks++
    this.#used.set(operator, used)
    let bytes = 0
    return {
      grow: (more) => {
        bytes += more
        used.bodiesBytes += more
        if (bytes > this.#limits.bodyBytesMax) return 413
        return used.bodiesBytes > this.#limits.bodiesBytesMax ? 503 : null
      },
      release: () => {
        used.callbacks--
        used.bodiesBytes -= bytes
        if (used.callbacks === 0) this.#used.delete(operator)
      },
    }
  }
}
