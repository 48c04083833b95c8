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
/** A payload that claims more is damaged. */
export const PAYLOAD_BYTES_MAX = 8 * 1024 * 1024
/** Text and lines that a writer puts into a block: also text that cannot be compressed then fits into a payload. */
export const BLOCK_TEXT_BYTES_MAX = 4 * 1024 * 1024
export const BLOCK_LINES_MAX = 65_536
/** Text that a payload may become when it is read; a block that says more was not written by this program. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024
/** Of the year 9999: later times have no day of ten characters. */
const TIME_MS_MAX = Date.parse('9999-12-31T23:59:59.999Z')
/** The hashes in the lines cannot be compressed; higher levels save a few bytes for twice the time. */
const LEVEL = 1
const LINE_BREAK = 10

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
  const isSound =
    isWithin(header.lines, 1, BLOCK_LINES_MAX) &&
    isWithin(header.payloadBytes, 1, PAYLOAD_BYTES_MAX) &&
    isWithin(header.firstSeq, 1, Number.MAX_SAFE_INTEGER - BLOCK_LINES_MAX) &&
    isWithin(header.writtenAtMs, 0, TIME_MS_MAX)
  return isSound ? header : null
}

/** The hash that a block with this header and payload must have. `header` are its bytes. */
export function hashOf(header: Buffer, payload: Buffer): string {
  return hash('sha256', Buffer.concat([header.subarray(WRAPPER_BYTES, HEADER_BYTES - 32), payload]))
}

/**
 * The lines of a payload whose header says that it has so many. Memory is bounded whatever the payload is. Throws an
 * Error if it cannot be decompressed, or has another number of lines.
 */
export function linesOf(payload: Buffer, lines: number): string[] {
  const text = zstdDecompressSync(payload, { maxOutputLength: TEXT_BYTES_MAX })
  let found = 0
  for (let at = text.indexOf(LINE_BREAK); at >= 0 && found <= lines; at = text.indexOf(LINE_BREAK, at + 1)) found++
  if (found !== lines || text.at(-1) !== LINE_BREAK) throw new Error('a block does not hold what its header says')
  return text.toString('utf8').split('\n').slice(0, -1)
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}
