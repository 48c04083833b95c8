import type { SubmitResult } from '../connectors/connector.ts'
import type { ConnectionCondition } from './choose-connection.ts'
import { admits, afterAdmission, afterAnswer, afterWithdrawal, type BreakerState, CLOSED } from './circuit-breaker.ts'

export interface ConnectionHealthParts {
  readonly isReady: () => boolean
  /** How long a connection may be broken before its operator counts as unbound. */
  readonly graceMs: number
  /** Messages that wait for the operator should choose another now. */
  readonly unavailable: () => void
  readonly breakerChanged: (kind: BreakerState['kind']) => void
}

/** Keeps whether an operator takes messages: its connection and its breaker. */
export class ConnectionHealth {
  readonly #parts: ConnectionHealthParts
  #breaker: BreakerState = CLOSED
  #isUnbound = false
  #grace: NodeJS.Timeout | null = null
  #unavailableSinceMs: number | null = null

  constructor(parts: ConnectionHealthParts) {
    this.#parts = parts
    this.readyChanged()
  }

  get breaker(): BreakerState['kind'] {
    return this.#breaker.kind
  }

  condition(nowMs: number): ConnectionCondition {
    if (this.#isUnbound) return 'unbound'
    return admits(this.#breaker, nowMs) ? 'ready' : 'broken'
  }

  /** For how long it has taken no messages, but for single ones that tried it; 0 if it does. */
  unavailableForMs(nowMs: number): number {
    return this.#unavailableSinceMs === null ? 0 : nowMs - this.#unavailableSinceMs
  }

  /** Called right before an attempt. True: it may be made, and its answer or withdrawal must be reported. */
  admit(nowMs: number): boolean {
    if (this.condition(nowMs) !== 'ready') return false
    this.#move(afterAdmission(this.#breaker))
    return true
  }

  answered(kind: SubmitResult['kind'], nowMs: number): void {
    this.#move(afterAnswer(this.#breaker, kind, nowMs))
  }

  /** The attempt was not made after all. */
  withdrawn(): void {
    this.#move(afterWithdrawal(this.#breaker))
  }

  /** Whether the connection takes submits may have changed. */
  readyChanged(): void {
    if (this.#parts.isReady()) {
      this.stop()
      this.#isUnbound = false
      this.#noteUnavailable()
      return
    }
    if (this.#parts.graceMs === 0) this.#unbound()
    else {
      this.#grace ??= setTimeout(() => this.#unbound(), this.#parts.graceMs)
      this.#grace.unref()
    }
  }

  #unbound(): void {
    this.#isUnbound = true
    this.#noteUnavailable()
    this.#parts.unavailable()
  }

  stop(): void {
    if (this.#grace) clearTimeout(this.#grace)
    this.#grace = null
  }

  #noteUnavailable(): void {
    const isUnavailable = this.#isUnbound || this.#breaker.kind !== 'closed'
    this.#unavailableSinceMs = isUnavailable ? (this.#unavailableSinceMs ?? Date.now()) : null
  }

  #move(to: BreakerState): void {
    const before = this.#breaker
    this.#breaker = to
    if (before.kind === to.kind) return
    this.#noteUnavailable()
    this.#parts.breakerChanged(to.kind)
    // Also while one message tries it: the others would take slots of the queue and of the pace, only to be refused.
    if (to.kind !== 'closed') this.#parts.unavailable()
  }
}
