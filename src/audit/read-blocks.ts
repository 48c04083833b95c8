import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type BlockHeader, HEADER_BYTES, hashOf, parseHeader } from './block.ts'

export type ReadBlock =
  | {
      readonly kind: 'block'
      readonly header: BlockHeader
      readonly payload: Buffer
      /** Whether its hash is the one of its bytes. */
      readonly isIntact: boolean
      /** Bytes of the file before it. */
      readonly startsAt: number
    }
  /** The file ends within a block: a crash broke it off, or it is being written. */
  | { readonly kind: 'torn'; readonly startsAt: number; readonly bytes: number }
  /** What follows is no block. */
  | { readonly kind: 'unreadable'; readonly startsAt: number }

const PIECE_BYTES = 256 * 1024

/** A file system writes pages. */
const PAGE_BYTES = 4_096

/**
 * The blocks of a file one by one; `torn` and `unreadable` are the last. Memory holds one block, or a piece of the file.
 * Torn is also a tail of zeros: after a loss of power, some file systems leave that where a write was under way.
 */
export function* readBlocks(path: string): Generator<ReadBlock> {
  const file = new PiecewiseFile(path)
  try {
    for (let at = 0; at < file.bytes; ) {
      const block = readBlock(file, at)
      yield block
      if (block.kind !== 'block') return
      at += HEADER_BYTES + block.payload.length
    }
  } finally {
    file.close()
  }
}

function readBlock(file: PiecewiseFile, at: number): ReadBlock {
  const torn = { kind: 'torn', startsAt: at, bytes: file.bytes - at } as const
  const bytes = file.read(at, HEADER_BYTES)
  if (!bytes) return torn
  const header = parseHeader(bytes)
  if (!header) return endsInZeros(file, at) ? torn : { kind: 'unreadable', startsAt: at }
  const payload = file.read(at + HEADER_BYTES, header.payloadBytes)
  if (!payload) return torn
  const isIntact = hashOf(bytes, payload) === header.hash
  if (!isIntact && endsInZeros(file, at)) return torn
  return { kind: 'block', header, payload, isIntact, startsAt: at }
}

/** Whether the last page of a file, as far as it lies behind `at`, has nothing but zeros. */
function endsInZeros(file: PiecewiseFile, at: number): boolean {
  const from = Math.max(at, file.bytes - 1 - ((file.bytes - 1) % PAGE_BYTES))
  return file.read(from, file.bytes - from)?.every((byte) => byte === 0) ?? false
}

/** A file as long as it is when it is opened, read forward. */
class PiecewiseFile {
  readonly bytes: number
  readonly #descriptor: number
  #piece: Buffer = Buffer.alloc(0)
  #pieceAt = 0

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r')
    this.bytes = fstatSync(this.#descriptor).size
  }

  /** Null if the file ends before. */
  read(at: number, bytes: number): Buffer | null {
    if (at + bytes > this.bytes) return null
    if (at < this.#pieceAt || at + bytes > this.#pieceAt + this.#piece.length)
      this.#fill(at, Math.max(bytes, PIECE_BYTES))
    const piece = this.#piece.subarray(at - this.#pieceAt, at - this.#pieceAt + bytes)
    return piece.length === bytes ? piece : null
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #fill(at: number, bytesWanted: number): void {
    const piece = Buffer.allocUnsafe(Math.min(bytesWanted, this.bytes - at))
    let filled = 0
    while (filled < piece.length) {
      const read = readSync(this.#descriptor, piece, filled, piece.length - filled, at + filled)
      if (read === 0) break
      filled += read
    }
    this.#piece = piece.subarray(0, filled)
    this.#pieceAt = at
  }
}
