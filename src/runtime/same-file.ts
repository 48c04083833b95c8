import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const PIECE_BYTES = 1024 * 1024

/** Whether two files hold the same bytes, reading a piece of each at a time. Throws the error of a file that cannot be read. */
export function isSameFile(path: string, otherPath: string): boolean {
  const file = openSync(path, 'r')
  try {
    const other = openSync(otherPath, 'r')
    try {
      return fstatSync(file).size === fstatSync(other).size && holdSame(file, other)
    } finally {
      closeSync(other)
    }
  } finally {
    closeSync(file)
  }
}

function holdSame(file: number, other: number): boolean {
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  const otherPiece = Buffer.allocUnsafe(PIECE_BYTES)
  for (let at = 0; ; ) {
    const bytes = readSync(file, piece, 0, PIECE_BYTES, at)
    if (bytes === 0) return readSync(other, otherPiece, 0, 1, at) === 0
    for (let read = 0; read < bytes; ) {
      const more = readSync(other, otherPiece, read, bytes - read, at + read)
      if (more === 0) return false
      read += more
    }
    if (piece.compare(otherPiece, 0, bytes, 0, bytes) !== 0) return false
    at += bytes
  }
}
