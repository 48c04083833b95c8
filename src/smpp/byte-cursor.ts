import { COMMAND_STATUS } from './command-status.ts'

/** Longer than any string's field; what has no end by then runs into the fields behind it. */
const LENIENT_OCTETS_MAX = 256

/**
 * A place in a frame. The first thing that is wrong stays as `status` and `detail`, and every later read returns an
 * empty value without moving, so that a reader needs to check only once, at its end.
 */
export class ByteCursor {
  /** Of the answer that a faulty frame deserves; 0 while nothing is wrong. */
  status = 0
  detail = ''
  /** Fields may be longer than they are allowed to be, and end where the frame ends. */
  readonly isLenient: boolean
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number, isLenient = false) {
    this.#bytes = bytes
    this.#at = at
    this.isLenient = isLenient
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  get isSound(): boolean {
    return this.status === 0
  }

  fault(status: number, detail: string): void {
    if (!this.isSound) return
    this.status = status
    this.detail = `${detail}, at octet ${this.#at}`
    this.#at = this.#bytes.length
  }

  int1(): number {
    return this.#has(1) ? this.#bytes[this.#at++]! : 0
  }

  int2(): number {
    if (!this.#has(2)) return 0
    this.#at += 2
    return this.#bytes.readUInt16BE(this.#at - 2)
  }

  int4(): number {
    if (!this.#has(4)) return 0
    this.#at += 4
    return this.#bytes.readUInt32BE(this.#at - 4)
  }

  /** Up to a NUL, which is consumed, or the end of the frame. At most `octetsMax` octets, with the NUL. */
  cString(octetsMax: number): string {
    if (!this.#has(1)) return ''
    const max = this.isLenient ? LENIENT_OCTETS_MAX : octetsMax
    const from = this.#at
    const limit = Math.min(this.#bytes.length, from + max)
    let end = from
    while (end < limit && this.#bytes[end] !== 0) end++
    const endsWithFrame = end === this.#bytes.length && end - from < max
    if (end === limit && !endsWithFrame) {
      this.fault(COMMAND_STATUS.ESME_RINVPARLEN.code, `a C string exceeds ${max} octets`)
      return ''
    }
    this.#at = Math.min(end + 1, this.#bytes.length)
    return this.#bytes.toString('latin1', from, end)
  }

  /** A copy, so that what is kept of a PDU does not keep alive all that came with it. */
  octets(length: number): Buffer {
    if (!this.#has(length)) return Buffer.alloc(0)
    this.#at += length
    return Buffer.from(this.#bytes.subarray(this.#at - length, this.#at))
  }

  #has(length: number): boolean {
    if (length <= this.left && this.isSound) return true
    this.fault(COMMAND_STATUS.ESME_RINVCMDLEN.code, `${length} octets wanted, ${this.left} left`)
    return false
  }
}
