import type { AuditEntry } from './audit-entry.ts'
import type { AuditFile } from './audit-files.ts'
import { linesOf } from './block.ts'
import { entryOf } from './entry-line.ts'
import { readBlocks } from './read-blocks.ts'
import { readLines } from './read-lines.ts'

/** The entries of a file, up to where it is torn or no block any more. Checks no hash: that is for `verifyAuditLog`. */
export async function* readEntries({ path, day }: AuditFile): AsyncGenerator<AuditEntry> {
  if (day === null) {
    for await (const { text, complete } of readLines(path)) if (complete) yield entryOf(text)
    return
  }
  for (const block of readBlocks(path)) {
    if (block.kind !== 'block') return
    for (const line of linesOf(block.payload, block.header.lines)) yield entryOf(line)
  }
}
