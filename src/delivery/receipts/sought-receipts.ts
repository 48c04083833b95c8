import type { Receipt } from '../connectors/connector.ts'

/** A receipt whose submit is looked for in the tables. */
export interface Sought {
  readonly operator: string
  readonly receipt: Receipt
  readonly sinceMs: number
  readonly lookAtMs: number
  /** It is stored for the worker that writes the answer to its submit, and is acknowledged after the next lookup. */
  readonly isKept: boolean
  /** How often its submit got another receipt while this one was being stored. */
  readonly overtaken: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const OF_OPERATOR_MAX = 10_000
/** Of them, those that are kept already: new ones are not to be refused for their sake. */
const KEPT_OF_OPERATOR_MAX = 5_000

/** What is looked for, by operator: each has room of its own, and a share of each look. */
export class SoughtReceipts {
  readonly #byOperator = new Map<string, Sought[]>()

  get isEmpty(): boolean {
    return this.#byOperator.size === 0
  }

  /** False: the operator has no room left. */
  add(sought: Sought): boolean {
    const of = this.#byOperator.get(sought.operator) ?? []
    if (of.length >= (sought.isKept ? KEPT_OF_OPERATOR_MAX : OF_OPERATOR_MAX)) return false
    of.push(sought)
    this.#byOperator.set(sought.operator, of)
    return true
  }

  /** Takes what is due, at most `countMax`: of each operator as many as it is its share, oldest first, then of those with more. */
  takeDue(nowMs: number, countMax: number): Sought[] {
    const taken: Sought[] = []
    for (let waiting = this.#byOperator.size; waiting > 0; waiting--) {
      const [operator, of] = this.#byOperator.entries().next().value!
      const share = Math.ceil((countMax - taken.length) / waiting)
      const due = of.filter(({ lookAtMs }) => lookAtMs <= nowMs).slice(0, share)
      const isTaken = new Set(due)
      const left = of.filter((each) => !isTaken.has(each))
      // To the end, so that rounding favours another the next time.
      this.#byOperator.delete(operator)
      if (left.length > 0) this.#byOperator.set(operator, left)
      taken.push(...due)
    }
    return taken
  }

  /** Puts back what could not be looked for, whatever room there is: it was there before. */
  putBack(batch: readonly Sought[]): void {
    for (const [operator, of] of Map.groupBy(batch, (each) => each.operator)) {
      this.#byOperator.set(operator, [...of, ...(this.#byOperator.get(operator) ?? [])])
    }
  }

  takeAll(): Sought[] {
    const all = [...this.#byOperator.values()].flat()
    this.#byOperator.clear()
    return all
  }
}
