import type { OffsetRange } from './offset-tracker.ts'

/*
  What is done beyond the watermark travels in the metadata of the committed offset, so that a successor does not do
  it again. Form: the prefix, then for each run the gap since the previous run's end and the run's length less one,
  as base-128 varints in base64url. The broker takes 4,096 bytes (`offset.metadata.max.bytes`); runs that do not fit
  are left out from the far end, and are then done again, which every handler must bear anyway.
*/
const PREFIX = 'smsgw.done.1:'
const METADATA_BYTES_MAX = 3_072

/** The metadata for a commit at `watermark`; empty when nothing lies beyond it. */
export function encodeDoneRanges(watermark: number, ranges: readonly OffsetRange[]): string {
  const bytes: number[] = []
  const bytesMax = Math.floor(((METADATA_BYTES_MAX - PREFIX.length) * 3) / 4)
  let end = watermark
  for (const { first, last } of ranges) {
    const run = [...varint(first - end), ...varint(last - first)]
    if (bytes.length + run.length > bytesMax) break
    bytes.push(...run)
    end = last + 1
  }
  return bytes.length === 0 ? '' : PREFIX + Buffer.from(bytes).toString('base64url')
}

/** The runs that a commit's metadata names; none for metadata that is not ours or is damaged: then all is done again. */
export function decodeDoneRanges(watermark: number, metadata: string | null): OffsetRange[] {
  if (!metadata?.startsWith(PREFIX)) return []
  const bytes = Buffer.from(metadata.slice(PREFIX.length), 'base64url')
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

function varint(value: number): number[] {
  const bytes: number[] = []
  while (value > 0x7f) {
    bytes.push((value % 128) | 0x80)
    value = Math.floor(value / 128)
  }
  bytes.push(value)
  return bytes
}
