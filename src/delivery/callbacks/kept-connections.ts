import type { Socket } from 'node:net'

export interface KeptLimits {
  /** Of one operator, and of all together, that stay open between two callbacks. */
  readonly ofOperatorMax: number
  readonly max: number
}

/**
 * Connections of operators that stay open for a next callback. One beyond the limits is closed by its answer, which says
 * so (`Connection: close`), and never between two callbacks: closed then, it would take one with it that is on its way.
 * Those that stay end by the keep-alive timeout, which every answer states.
 */
export class KeptConnections {
  readonly #limits: KeptLimits
  readonly #operatorOf = new Map<Socket, string>()
  readonly #kept = new Map<string, number>()

  constructor(limits: KeptLimits) {
    this.#limits = limits
  }

  /** Whether a connection of this operator may stay open after the answer that is about to be sent. */
  keep(operator: string, socket: Socket): boolean {
    if (this.#operatorOf.has(socket)) return true
    const kept = this.#kept.get(operator) ?? 0
    if (socket.destroyed || kept >= this.#limits.ofOperatorMax || this.#operatorOf.size >= this.#limits.max)
      return false
    this.#operatorOf.set(socket, operator)
    this.#kept.set(operator, kept + 1)
    socket.once('close', () => this.#forget(operator, socket))
    return true
  }

  #forget(operator: string, socket: Socket): void {
    this.#operatorOf.delete(socket)
    const kept = this.#kept.get(operator)! - 1
    if (kept === 0) this.#kept.delete(operator)
    else this.#kept.set(operator, kept)
  }
}
