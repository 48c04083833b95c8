import type { AuditEntry } from './audit-entry.ts'
import type { AuditFile } from './audit-files.ts'
import { linesOf } from './block.ts'
import { type ChainHead, followLine, prevOf } from './chain.ts'
import { entryOf } from './entry-line.ts'
import { readBlocks } from './read-blocks.ts'
import { readLines } from './read-lines.ts'

/** Where a file of the log ends, for a writer that goes on behind it. */
interface RecoveredFile {
  /** Null if the file holds nothing whole. */
  readonly head: ChainHead | null
  readonly chain: string | null
  readonly writtenAtMs: number | null
  /** Bytes of the file before what a crash tore; null if nothing is torn. */
  readonly tornAt: number | null
  /** Why nothing may be written behind it; null if the file is sound. */
  readonly fault: string | null
}

const EMPTY: RecoveredFile = { head: null, chain: null, writtenAtMs: null, tornAt: null, fault: null }

/** Reads a file to its end; `found` is called with each entry. */
export async function recoverFile(file: AuditFile, found: (entry: AuditEntry) => void): Promise<RecoveredFile> {
  return file.day === null ? recoverPlain(file, found) : recoverBlocks(file, found)
}

function recoverBlocks(file: AuditFile, found: (entry: AuditEntry) => void): RecoveredFile {
  let recovered = EMPTY
  for (const block of readBlocks(file.path)) {
    if (block.kind === 'torn') return { ...recovered, tornAt: block.startsAt }
    if (block.kind === 'unreadable') return { ...recovered, fault: `at byte ${block.startsAt} is no block` }
    const { header, payload, isIntact } = block
    const { head } = recovered
    const follows = head ? header.prev === head.hash && header.firstSeq === head.seq + 1 : true
    if (!isIntact || !follows) {
      return { ...recovered, fault: `the block of line ${header.firstSeq} was altered or moved` }
    }
    for (const line of linesOf(payload)) found(entryOf(line))
    const { chain, writtenAtMs, firstSeq, lines, hash } = header
    recovered = { ...EMPTY, head: { seq: firstSeq + lines - 1, hash }, chain, writtenAtMs }
  }
  return recovered
}

async function recoverPlain({ path, firstSeq }: AuditFile, found: (entry: AuditEntry) => void): Promise<RecoveredFile> {
  let head: ChainHead | null = null
  for await (const { text, complete, startsAt } of readLines(path)) {
    if (!complete) return { ...EMPTY, head, tornAt: startsAt }
    const next = followLine(head ?? { seq: firstSeq - 1, hash: prevOf(text) }, text)
    if (typeof next === 'string') return { ...EMPTY, head, fault: `a line ${next}` }
    head = next
    found(entryOf(text))
  }
  return { ...EMPTY, head }
}
