import type { AuditEntry } from '../../src/audit/audit-entry.ts'
import type { AuditFile } from '../../src/audit/audit-files.ts'
import { linesOf } from '../../src/audit/block.ts'
import { entryOf } from '../../src/audit/entry-line.ts'
import { readBlocks } from '../../src/audit/read-blocks.ts'
import { readLines } from '../../src/audit/read-lines.ts'

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
