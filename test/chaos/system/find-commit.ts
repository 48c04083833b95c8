/** A COMMIT as a client of PostgreSQL sends it: a message of type Q (a simple query), its length, its text. */
const COMMIT = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1')

/** Where a COMMIT begins in what a client sends to PostgreSQL; -1 if there is none. */
export function commitAt(chunk: Buffer): number {
  return chunk.indexOf(COMMIT)
}
