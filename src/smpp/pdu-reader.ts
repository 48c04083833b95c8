import { COMMAND_STATUS } from './command-status.ts'
import { decodePdu, type PduFault, type PduReading } from './decode-pdu.ts'
import { HEADER_OCTETS } from './encode-pdu.ts'

const LENGTH_OCTETS = 4

export interface PduReaderOptions {
  /** The longest command_length that is taken. Messages in message_payload may need more. */
  readonly pduOctetsMax?: number
  /** As in `decodePdu`. */
  readonly isLenient?: boolean
}

/**
 * Cuts the bytes of a connection into PDUs, however they arrive. Holds at most one unfinished PDU, of which the length
 * is judged by its first four octets, before anything else of it is kept. After a fatal fault it reads no more, because
 * the start of the next PDU is unknown.
 */
export class PduReader {
  readonly #pduOctetsMax: number
  readonly #isLenient: boolean
  readonly #length = Buffer.alloc(LENGTH_OCTETS)
  /** The unfinished PDU; while its length is unknown, there is only `#length`. */
  #frame: Buffer | null = null
  #held = 0
  #isBroken = false

  constructor({ pduOctetsMax = 16_384, isLenient = false }: PduReaderOptions = {}) {
    this.#pduOctetsMax = pduOctetsMax
    this.#isLenient = isLenient
  }

  /** Octets of an unfinished PDU. */
  get heldOctets(): number {
    return this.#held
  }

  /** What is complete with this chunk, in order. Nothing of the chunk is kept in what is returned. */
  push(chunk: Buffer): (PduReading | PduFault)[] {
    const readings: (PduReading | PduFault)[] = []
    let at = 0
    while (at < chunk.length && !this.#isBroken) {
      at = this.#held === 0 ? this.#readWhole(chunk, at, readings) : this.#continue(chunk, at, readings)
    }
    return readings
  }

  /** The usual case: a PDU that lies in the chunk as a whole. Returns where the next one begins. */
  #readWhole(chunk: Buffer, at: number, readings: (PduReading | PduFault)[]): number {
    const available = chunk.length - at
    if (available < LENGTH_OCTETS) return this.#keep(this.#length, chunk, at, available)
    const length = chunk.readUInt32BE(at)
    if (!this.#isAllowed(length, readings)) return chunk.length
    if (available >= length) {
      readings.push(decodePdu(chunk.subarray(at, at + length), this.#isLenient))
      return at + length
    }
    this.#frame = Buffer.allocUnsafe(length)
    return this.#keep(this.#frame, chunk, at, available)
  }

  #continue(chunk: Buffer, at: number, readings: (PduReading | PduFault)[]): number {
    const target = this.#frame ?? this.#length
    at = this.#keep(target, chunk, at, Math.min(target.length - this.#held, chunk.length - at))
    if (this.#held < target.length) return at
    if (this.#frame === null) {
      const length = this.#length.readUInt32BE(0)
      if (!this.#isAllowed(length, readings)) return chunk.length
      this.#frame = Buffer.allocUnsafe(length)
      this.#length.copy(this.#frame)
      return at
    }
    readings.push(decodePdu(this.#frame, this.#isLenient))
    this.#frame = null
    this.#held = 0
    return at
  }

  #keep(target: Buffer, chunk: Buffer, at: number, octets: number): number {
    chunk.copy(target, this.#held, at, at + octets)
    this.#held += octets
    return at + octets
  }

  #isAllowed(length: number, readings: (PduReading | PduFault)[]): boolean {
    if (length >= HEADER_OCTETS && length <= this.#pduOctetsMax) return true
    this.#isBroken = true
    this.#held = 0
    readings.push({
      kind: 'fault',
      reason: 'command-length',
      status: COMMAND_STATUS.ESME_RINVCMDLEN.code,
      sequence: 0,
      commandId: 0,
      command: null,
      isFatal: true,
      detail: `command_length ${length} is not within ${HEADER_OCTETS} and ${this.#pduOctetsMax}`,
    })
    return false
  }
}
