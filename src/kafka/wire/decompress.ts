import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import { lz4FrameBytes } from './lz4-size.ts'

/** A batch that cannot be read although the broker has it as it was written. Its records are lost to every reader. */
export class MalformedBatchError extends Error {
  override readonly name = 'MalformedBatchError'
}

/** As the attributes of a batch name them (Kafka documentation, "Record Batch"). */
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** Framed snappy, as Java clients write it: this, two versions, then chunks of an int32 length and that many bytes. */
const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_CHUNKS_AT = 16

/** LZ4 writes at most 255 bytes for each that it reads. */
const LZ4_RATIO_MAX = 255

/**
 * Decompresses the records of a batch into at most `bytesMax` bytes: what would become more is refused before the
 * memory is taken. Throws MalformedBatchError for that, and for bytes that are not of the codec.
 */
export function decompress(codec: number, body: Buffer, bytesMax: number): Buffer {
  const name = CODECS[codec]
  if (name === undefined) throw new MalformedBatchError(`compressed by codec ${codec}, which Kafka does not define`)
  if (name === 'none') return body
  try {
    if (name === 'gzip') return gunzipSync(body, { maxOutputLength: bytesMax })
    if (name === 'zstd') return zstdDecompressSync(body, { maxOutputLength: bytesMax })
    const bytes = name === 'lz4' ? lz4Bytes(body, bytesMax) : snappyBytes(body)
    if (bytes > bytesMax) throw tooLarge(name, bytesMax)
    return compressionsAlgorithms[name].decompressSync(body)
  } catch (error) {
    if (error instanceof MalformedBatchError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name, bytesMax)
    throw new MalformedBatchError(`its ${name} data is damaged: ${(error as Error).message}`)
  }
}

function tooLarge(name: string, bytesMax: number): MalformedBatchError {
  return new MalformedBatchError(`its ${name} data decompresses to more than ${bytesMax} bytes`)
}

/** Counted only where the ratio of the format allows such a size. */
function lz4Bytes(body: Buffer, bytesMax: number): number {
  return body.length * LZ4_RATIO_MAX <= bytesMax ? body.length : lz4FrameBytes(body, bytesMax)
}

/** What snappy data says that it becomes; the decompressor takes so much memory and not more. */
function snappyBytes(body: Buffer): number {
  if (!body.subarray(0, XERIAL_HEADER.length).equals(XERIAL_HEADER)) return snappyBlockBytes(body)
  let bytes = 0
  for (let at = XERIAL_CHUNKS_AT; at < body.length; ) {
    const end = at + 4 + body.readUInt32BE(at)
    bytes += snappyBlockBytes(body.subarray(at + 4, end))
    at = end
  }
  return bytes
}

/** The length before the data: an unsigned varint of at most five bytes. */
function snappyBlockBytes(block: Buffer): number {
  let bytes = 0
  for (let index = 0; index < 5; index++) {
    const byte = block.readUInt8(index)
    bytes += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return bytes
  }
  throw new MalformedBatchError('its snappy data begins with no length')
}
