import { Fifo } from './fifo.ts'
import type { Share } from './partition-shares.ts'

/** A queued lane; `share` is the share whose handler it would take, null where nothing is shared out. */
interface ReadyLane {
  readonly share: Share | null
}

/**
 * Lanes that wait for a handler, first come, first served; but where there are shares, these are served round-robin. A
 * share has at most as many handlers under way as are left free, so that some always are, whatever the others wait for.
 */
export class ReadyLanes<Lane extends ReadyLane> {
  readonly #unshared = new Fifo<Lane>()
  readonly #lines = new Map<Share, Fifo<Lane>>()
  /** Shares with a queue, in the order in which they are served. */
  readonly #round = new Fifo<Share>()

  get isEmpty(): boolean {
    return this.#unshared.length === 0 && this.#round.length === 0
  }

  push(lane: Lane): void {
    this.#lineOf(lane).push(lane)
  }

  /** Puts one before all others of its share. */
  unshift(lane: Lane): void {
    this.#lineOf(lane).unshift(lane)
  }

  /** The next that may have one of `free` handlers. */
  shift(free: number): Lane | undefined {
    const lane = this.#unshared.shift()
    if (lane) return lane
    for (let left = this.#round.length; left > 0; left--) {
      const share = this.#round.shift()!
      if (share.running >= free) {
        this.#round.push(share)
        continue
      }
      const line = this.#lines.get(share)!
      const next = line.shift()
      if (line.length > 0) this.#round.push(share)
      else this.#lines.delete(share)
      return next
    }
    return undefined
  }

  #lineOf({ share }: Lane): Fifo<Lane> {
    if (share === null) return this.#unshared
    let line = this.#lines.get(share)
    if (!line) {
      line = new Fifo()
      this.#lines.set(share, line)
      this.#round.push(share)
    }
    return line
  }
}
