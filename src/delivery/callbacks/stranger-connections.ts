import type { Socket } from 'node:net'

export interface StrangerLimits {
  /** Of one address, and of all together, that may be open although they said nothing yet by which they are known. */
  readonly ofAddressMax: number
  readonly max: number
  /** So long each has for the beginning of its request, whatever the number of others. */
  readonly graceMs: number
}

/**
 * Connections on which no request was admitted yet: of strangers, and of operators that have just connected. Beyond the
 * limits the oldest are closed, never a new one for the sake of old ones that say nothing: an operator sends its request
 * at once, and its connection leaves this list by it.
 */
export class StrangerConnections {
  readonly #limits: StrangerLimits
  /** With the time at which they came; oldest first. */
  readonly #sinceMs = new Map<Socket, number>()
  readonly #watched = new WeakSet<Socket>()

  constructor(limits: StrangerLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#sinceMs.size
  }

  add(socket: Socket, nowMs: number): void {
    if (socket.destroyed) return
    if (!this.#watched.has(socket)) socket.once('close', () => this.#sinceMs.delete(socket))
    this.#watched.add(socket)
    this.#sinceMs.delete(socket)
    this.#sinceMs.set(socket, nowMs)
  }

  /** A request on it was admitted. */
  remove(socket: Socket): void {
    this.#sinceMs.delete(socket)
  }

  /** Closes those that are too many. To be called every now and then. */
  sweep(nowMs: number): void {
    const { ofAddressMax, max, graceMs } = this.#limits
    const left = new Map<string, number>()
    for (const { remoteAddress = '' } of this.#sinceMs.keys())
      left.set(remoteAddress, (left.get(remoteAddress) ?? 0) + 1)
    for (const [socket, sinceMs] of this.#sinceMs) {
      if (sinceMs > nowMs - graceMs) return
      const address = socket.remoteAddress ?? ''
      const ofAddress = left.get(address) ?? 0
      if (ofAddress <= ofAddressMax && this.#sinceMs.size <= max) continue
      left.set(address, ofAddress - 1)
      this.#sinceMs.delete(socket)
      socket.destroy()
    }
  }

  closeAll(): void {
    for (const socket of this.#sinceMs.keys()) socket.destroy()
    this.#sinceMs.clear()
  }
}
