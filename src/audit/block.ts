import { hash } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { ChainHead } from './chain.ts'

/*
  A block holds the lines of one write. In a file it is two frames of Zstandard (RFC 8878):

    skippable frame   magic 0x184D2A5A, size 108, then the header:
                      "SGA1"  chain(16)  firstSeq(8)  lines(4)  payloadBytes(4)  writtenAtMs(8)  prev(32)  hash(32)
    frame             payload: the lines, each with a line break

  `hash` is the SHA-256 of the header before it and of the payload as it is stored, and `prev` is the hash of the block
  before. Every byte of a file is compared or hashed. `zstdcat` prints the lines, as it skips the headers.
*/

const MAGIC = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 108, 0, 0, 0, ...Buffer.from('SGA1')])
const WRAPPER_BYTES = 8
const HASHED_BYTES = 76
export const HEADER_BYTES = WRAPPER_BYTES + HASHED_BYTES + 32
/** A payload that claims more is damaged; a batch of 5,000 lines has a quarter of it. */
export const PAYLOAD_BYTES_MAX = 8 * 1024 * 1024
const TEXT_BYTES_MAX = 64 * 1024 * 1024
/** The hashes in the lines cannot be compressed; higher levels save a few bytes for twice the time. */
const LEVEL = 1

export interface BlockHeader {
  /** Of the chain that the block belongs to, in hexadecimal. */
  readonly chain: string
  /** Number of the first line, from 1 on. */
  readonly firstSeq: number
  readonly lines: number
  readonly payloadBytes: number
  readonly writtenAtMs: number
  readonly prev: string
  readonly hash: string
}

/** Compresses lines into the block that follows `head`. Returns its bytes and the head behind it. */
export function encodeBlock(
  chain: string,
  head: ChainHead,
  lines: readonly string[],
  writtenAtMs: number,
): { bytes: Buffer; head: ChainHead } {
  const text = Buffer.from(`${lines.join('\n')}\n`)
  const options = { params: { [constants.ZSTD_c_compressionLevel]: LEVEL }, pledgedSrcSize: text.length }
  // At once: 5,000 lines take 5 ms, and another thread would take longer to hand the pieces back.
  const payload = zstdCompressSync(text, options)
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length)
  MAGIC.copy(bytes)
  bytes.write(chain, 12, 'hex')
  bytes.writeBigUInt64LE(BigInt(head.seq + 1), 28)
  bytes.writeUInt32LE(lines.length, 36)
  bytes.writeUInt32LE(payload.length, 40)
  bytes.writeBigUInt64LE(BigInt(writtenAtMs), 44)
  bytes.write(head.hash, 52, 'hex')
  payload.copy(bytes, HEADER_BYTES)
  const digest = hashOf(bytes.subarray(0, HEADER_BYTES), payload)
  bytes.write(digest, HEADER_BYTES - 32, 'hex')
  return { bytes, head: { seq: head.seq + lines.length, hash: digest } }
}

/** The header at the beginning of `bytes`, which hold HEADER_BYTES at least; null if there is none. */
export function parseHeader(bytes: Buffer): BlockHeader | null {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null
  const header = {
    chain: bytes.toString('hex', 12, 28),
    firstSeq: Number(bytes.readBigUInt64LE(28)),
    lines: bytes.readUInt32LE(36),
    payloadBytes: bytes.readUInt32LE(40),
    writtenAtMs: Number(bytes.readBigUInt64LE(44)),
    prev: bytes.toString('hex', 52, 84),
    hash: bytes.toString('hex', 84, 116),
  }
  const isSound = header.lines > 0 && header.payloadBytes > 0 && header.payloadBytes <= PAYLOAD_BYTES_MAX
  return isSound && Number.isSafeInteger(header.firstSeq) && Number.isSafeInteger(header.writtenAtMs) ? header : null
}

/** The hash that a block with this header and payload must have. `header` are its bytes. */
export function hashOf(header: Buffer, payload: Buffer): string {
  return hash('sha256', Buffer.concat([header.subarray(WRAPPER_BYTES, HEADER_BYTES - 32), payload]))
}

/** The lines of a payload. Throws an Error if it cannot be decompressed. */
export function linesOf(payload: Buffer): string[] {
  return zstdDecompressSync(payload, { maxOutputLength: TEXT_BYTES_MAX }).toString('utf8').split('\n').slice(0, -1)
}
