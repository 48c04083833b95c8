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

/** Whether a file holds nothing whole: it was begun, and the first write to it broke off. */
export async function isHollow(file: AuditFile): Promise<boolean> {
  if (file.day === null) {
    for await (const { complete } of readLines(file.path)) return !complete
    return true
  }
  for (const { kind } of readBlocks(file.path)) return kind === 'torn'
  return true
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
    const entries = entriesOf(payload, header.lines)
    if (!entries) return { ...recovered, fault: `the block of line ${header.firstSeq} holds no lines of the log` }
    for (const entry of entries) found(entry)
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
    const entry = entryOrNull(text)
    if (!entry) return { ...EMPTY, head, fault: `line ${head.seq} is not a line of the log` }
    found(entry)
  }
  return { ...EMPTY, head }
}

/** Null if a block that is intact does not hold what the log writes: then another program wrote it. */
function entriesOf(payload: Buffer, lines: number): AuditEntry[] | null {
  try {
    return linesOf(payload, lines).map(entryOf)
  } catch {
    return null
  }
}

function entryOrNull(text: string): AuditEntry | null {
  try {
    return entryOf(text)
  } catch {
    return null
  }
}
