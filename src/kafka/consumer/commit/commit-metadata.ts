import type { OffsetRange } from './offset-tracker.ts'

/*
  What is done beyond the watermark travels in the metadata of the committed offset, so that a successor does not do
  it again. Two forms, of which the one that reaches further is taken, or else the shorter:
    runs    for each run the gap since the previous run's end and the run's length less one, as base-128 varints
    bits    a bit for each offset behind the watermark, lowest first
  both after their prefix in base64url. The broker takes 4,096 bytes (`offset.metadata.max.bytes`), ours keep to 3,072:
  18,352 bits, more than a partition may buffer, so that in a log without gaps everything fits, whatever its
  pattern. There is thus no need to hold a partition back before its metadata is full. What a log full of gaps leaves
  no room for is cut off at the far end, and is then done again, which every handler must bear anyway.
*/
const RUNS_PREFIX = 'smsgw.done.1:'
const BITS_PREFIX = 'smsgw.done.2:'
const METADATA_BYTES_MAX = 3_072
const BYTES_MAX = Math.floor(((METADATA_BYTES_MAX - RUNS_PREFIX.length) * 3) / 4)
/** No more runs than that fit in either form. */
export const RUNS_MAX = BYTES_MAX * 4

interface Encoded {
  readonly prefix: string
  readonly bytes: Uint8Array
  /** The last offset that it covers. */
  readonly reach: number
}

/** The metadata for a commit at `watermark`; empty when nothing lies beyond it. */
export function encodeDoneRanges(watermark: number, ranges: readonly OffsetRange[]): string {
  if (ranges.length === 0) return ''
  const runs = asRuns(watermark, ranges)
  const bits = asBits(watermark, ranges)
  const isRunsBetter = runs.reach === bits.reach ? runs.bytes.length <= bits.bytes.length : runs.reach > bits.reach
  // Bits begin behind the watermark; what a predecessor had done may begin right there.
  const { prefix, bytes } = isRunsBetter || ranges[0]!.first === watermark ? runs : bits
  return bytes.length === 0 ? '' : prefix + Buffer.from(bytes).toString('base64url')
}

/** The runs that a commit's metadata names; none for metadata that is not ours or is damaged: then all is done again. */
export function decodeDoneRanges(watermark: number, metadata: string | null): OffsetRange[] {
  if (metadata?.startsWith(RUNS_PREFIX)) return readRuns(watermark, payloadOf(metadata))
  if (metadata?.startsWith(BITS_PREFIX)) return readBits(watermark, payloadOf(metadata))
  return []
}

function asRuns(watermark: number, ranges: readonly OffsetRange[]): Encoded {
  const bytes: number[] = []
  let end = watermark
  for (const { first, last } of ranges) {
    const run = [...varint(first - end), ...varint(last - first)]
    if (bytes.length + run.length > BYTES_MAX) break
    bytes.push(...run)
    end = last + 1
  }
  return { prefix: RUNS_PREFIX, bytes: Uint8Array.from(bytes), reach: end - 1 }
}

function asBits(watermark: number, ranges: readonly OffsetRange[]): Encoded {
  const wanted = Math.ceil((ranges.at(-1)!.last - watermark) / 8)
  const bytes = new Uint8Array(Math.min(BYTES_MAX, wanted))
  let reach = watermark - 1
  for (const { first, last } of ranges) {
    const end = Math.min(last, watermark + bytes.length * 8)
    for (let offset = first; offset <= end; offset++) {
      const bit = offset - watermark - 1
      bytes[bit >> 3]! |= 1 << (bit & 7)
      reach = offset
    }
  }
  return { prefix: BITS_PREFIX, bytes, reach }
}

function readRuns(watermark: number, bytes: Buffer): OffsetRange[] {
  const ranges: OffsetRange[] = []
  let end = watermark
  let at = 0
  const read = (): number => {
    let value = 0
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const first = end + read()
    const last = first + read()
    if (!Number.isSafeInteger(last)) return []
    ranges.push({ first, last })
    end = last + 1
  }
  return ranges
}

function readBits(watermark: number, bytes: Buffer): OffsetRange[] {
  const ranges: OffsetRange[] = []
  let first = -1
  for (let bit = 0; bit <= bytes.length * 8; bit++) {
    const isDone = ((bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
    if (isDone && first < 0) first = watermark + 1 + bit
    if (isDone || first < 0) continue
    ranges.push({ first, last: watermark + bit })
    first = -1
  }
  return ranges
}

function payloadOf(metadata: string): Buffer {
  return Buffer.from(metadata.slice(RUNS_PREFIX.length), 'base64url')
}

function varint(value: number): number[] {
  const bytes: number[] = []
  while (value > 0x7f) {
    bytes.push((value % 128) | 0x80)
    value = Math.floor(value / 128)
  }
  bytes.push(value)
  return bytes
}
