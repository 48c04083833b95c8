import { type FileHandle, open } from 'node:fs/promises'
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

/** The blocks of a file one by one; `torn` and `unreadable` are the last. Memory holds one block. */
export async function* readBlocks(path: string): AsyncGenerator<ReadBlock> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    let at = 0
    while (at < size) {
      const block = await readBlock(file, at, size)
      yield block
      if (block.kind !== 'block') return
      at += HEADER_BYTES + block.payload.length
    }
  } finally {
    await file.close()
  }
}

async function readBlock(file: FileHandle, at: number, size: number): Promise<ReadBlock> {
  const torn = { kind: 'torn', startsAt: at, bytes: size - at } as const
  const bytes = await readExactly(file, at, HEADER_BYTES)
  if (!bytes) return torn
  const header = parseHeader(bytes)
  if (!header) return { kind: 'unreadable', startsAt: at }
  const payload = await readExactly(file, at + HEADER_BYTES, header.payloadBytes)
  if (!payload) return torn
  return { kind: 'block', header, payload, isIntact: hashOf(bytes, payload) === header.hash, startsAt: at }
}

/** Null if the file ends before. */
async function readExactly(file: FileHandle, at: number, bytes: number): Promise<Buffer | null> {
  const buffer = Buffer.alloc(bytes)
  let read = 0
  while (read < bytes) {
    const { bytesRead } = await file.read(buffer, read, bytes - read, at + read)
    if (bytesRead === 0) return null
    read += bytesRead
  }
  return buffer
}
