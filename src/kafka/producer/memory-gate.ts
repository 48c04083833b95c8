import { Fifo } from '../consumer/fifo.ts'
import { BufferFullError } from '../errors.ts'

interface Waiter {
  readonly bytes: number
  readonly sinceMs: number
  readonly enter: () => void
  readonly refuse: (error: Error) => void
}

/**
 * Bounds the bytes a producer holds. Who finds no room waits in line, which holds as many bytes as the room; who comes
 * when both are full is refused. When the first in line has waited for too long, all are refused with it: were those
 * behind it let in later, they would overtake what its caller sends again.
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

  /** Takes the room now, if nobody waits and there is enough. */
  tryEnter(bytes: number): boolean {
    if (this.#line.length > 0 || !this.#fits(bytes)) return false
    this.#bytes += bytes
    return true
  }

  /** Resolves once the room is taken. Throws BufferFullError after the longest allowed wait, or if the line is full. */
  enter(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#bytesInLine >= this.#bytesMax) {
        reject(new BufferFullError(`${this.#line.length} records wait for room in the producer already`))
        return
      }
      this.#bytesInLine += bytes
      this.#line.push({ bytes, sinceMs: Date.now(), enter: resolve, refuse: reject })
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
