import { Fifo } from '../consumer/lanes/fifo.ts'
import { BufferFullError } from '../errors.ts'

interface Waiter {
  readonly bytes: number
  readonly owner: object
  readonly sinceMs: number
  readonly enter: () => void
  readonly refuse: (error: Error) => void
}

/**
 * Bounds the bytes a producer holds. A caller that finds no room queues; the queue takes as many bytes as the room, and
 * a caller is refused when both are full. When the first in the queue has waited for too long, all are refused with it:
 * were those behind it let in later, they would overtake what its caller sends again. For the same reason those of one
 * owner can be refused, and a caller that enters acts in the same tick, before any other can.
 */
export class MemoryGate {
  readonly #bytesMax: number
  readonly #blockMsMax: number
  readonly #line = new Fifo<Waiter>()
  #timer: NodeJS.Timeout | null = null
  #bytes = 0
  #bytesInLine = 0

  constructor(bytesMax: number, blockMsMax: number) {
    this.#bytesMax = bytesMax
    this.#blockMsMax = blockMsMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get waiting(): number {
    return this.#line.length
  }

  /** Takes the room now, if the queue is empty and there is enough. */
  tryEnter(bytes: number): boolean {
    if (this.#line.length > 0 || !this.#fits(bytes)) return false
    this.#bytes += bytes
    return true
  }

  /**
   * Calls `act` as soon as the room is taken, and resolves as that does. Throws BufferFullError after the longest
   * allowed wait, or if the queue is full, or what the owner is refused with.
   */
  enter<T>(bytes: number, owner: object, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#bytesInLine >= this.#bytesMax) {
        reject(new BufferFullError(`${this.#line.length} records wait for room in the producer already`))
        return
      }
      this.#bytesInLine += bytes
      const enter = (): void => resolve(act())
      this.#line.push({ bytes, owner, sinceMs: Date.now(), enter, refuse: reject })
      this.#watch()
    })
  }

  leave(bytes: number): void {
    this.#bytes -= bytes
    for (let next = this.#line.peek(); next && this.#fits(next.bytes); next = this.#line.peek()) {
      this.#bytes += next.bytes
      this.#shift()
      next.enter()
    }
    this.#watch()
  }

  /** Refuses all of an owner that wait. */
  refuse(owner: object, error: Error): void {
    this.#line.keep((waiter) => {
      if (waiter.owner !== owner) return true
      this.#bytesInLine -= waiter.bytes
      waiter.refuse(error)
      return false
    })
    this.#watch()
  }

  /** A record larger than the whole room enters when it is empty. */
  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax
  }

  #shift(): void {
    this.#bytesInLine -= this.#line.shift()!.bytes
  }

  #watch(): void {
    const first = this.#line.peek()
    if (!first && this.#timer) {
      clearTimeout(this.#timer)
      this.#timer = null
    } else if (first && !this.#timer) {
      this.#timer = setTimeout(() => this.#refuseLate(), first.sinceMs + this.#blockMsMax - Date.now())
    }
  }

  #refuseLate(): void {
    this.#timer = null
    const first = this.#line.peek()
    if (first && Date.now() - first.sinceMs >= this.#blockMsMax) {
      const error = new BufferFullError(`no room in the producer's ${this.#bytesMax} bytes for ${this.#blockMsMax} ms`)
      for (let next: Waiter | undefined = first; next; next = this.#line.peek()) {
        this.#shift()
        next.refuse(error)
      }
    }
    this.#watch()
  }
}
