import { BufferFullError } from '../errors.ts'

interface Waiter {
  readonly bytes: number
  readonly enter: () => void
  readonly timer: NodeJS.Timeout
}

/** Bounds the bytes a producer holds. Who finds no room waits in line, so that order is kept, and not for ever. */
export class MemoryGate {
  readonly #bytesMax: number
  readonly #blockMsMax: number
  readonly #line: Waiter[] = []
  #bytes = 0

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
    if (this.#line.length > 0 || (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax)) return false
    this.#bytes += bytes
    return true
  }

  /** Resolves once the room is taken. Throws BufferFullError after the longest allowed wait. */
  enter(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#line.splice(this.#line.indexOf(waiter), 1)
        reject(new BufferFullError(`no room in the producer's ${this.#bytesMax} bytes for ${this.#blockMsMax} ms`))
      }, this.#blockMsMax)
      const waiter: Waiter = { bytes, enter: resolve, timer }
      this.#line.push(waiter)
    })
  }

  leave(bytes: number): void {
    this.#bytes -= bytes
    while (this.#line.length > 0) {
      const next = this.#line[0]!
      if (this.#bytes > 0 && this.#bytes + next.bytes > this.#bytesMax) return
      this.#line.shift()
      clearTimeout(next.timer)
      this.#bytes += next.bytes
      next.enter()
    }
  }
}
