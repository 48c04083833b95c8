/**
 * Variable-length integers as Kafka's record format writes them: zigzag, then seven bits a byte, lowest first.
 * Source: Kafka documentation, "Record Batch" (which follows Protocol Buffers).
 *
 * Numbers outside 32 bits appear only as timestamp deltas, so the wide case is the slow one.
 */

/** Bytes that `writeVarint` needs for `value`. */
export function varintSize(value: number): number {
  const zigzag = value >= 0 ? value * 2 : value * -2 - 1
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  if (zigzag < 0x10000000) return 4
  return Math.floor(Math.log2(zigzag) / 7) + 1
}

/** Writes `value` at `position` and returns the position behind it. Exact for every safe integer's half range. */
export function writeVarint(target: Buffer, position: number, value: number): number {
  let zigzag = value >= 0 ? value * 2 : value * -2 - 1
  while (zigzag >= 0x80000000) {
    target[position++] = (zigzag % 128) | 0x80
    zigzag = Math.floor(zigzag / 128)
  }
  while (zigzag > 0x7f) {
    target[position++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  target[position++] = zigzag
  return position
}

/** Reads forward through a buffer; the caller guards the bounds of what it reads as one unit. */
export class VarintReader {
  readonly buffer: Buffer
  position: number

  constructor(buffer: Buffer, position = 0) {
    this.buffer = buffer
    this.position = position
  }

  /** A zigzag varint. Throws RangeError when the buffer ends inside it or it is longer than ten bytes. */
  read(): number {
    let byte = this.buffer[this.position++]!
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let zigzag = byte & 0x7f
    let scale = 128
    for (let count = 1; ; count++) {
      if (count > 9 || this.position >= this.buffer.length) throw new RangeError('truncated varint')
      byte = this.buffer[this.position++]!
      zigzag += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 128
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  /** Length-prefixed bytes as a view on the buffer; null for length -1. */
  readBytes(): Buffer | null {
    const length = this.read()
    if (length < 0) return null
    const end = this.position + length
    if (end > this.buffer.length) throw new RangeError('truncated bytes')
    const bytes = this.buffer.subarray(this.position, end)
    this.position = end
    return bytes
  }
}
