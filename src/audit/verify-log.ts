import { listAuditFiles } from './audit-files.ts'
import { type ChainHead, EMPTY_CHAIN, followLine } from './chain.ts'
import { readLines } from './read-lines.ts'

interface AuditFault {
  readonly file: string
  readonly line: number
  readonly what: string
}

export interface AuditVerdict {
  readonly entries: number
  readonly files: number
  /** Hash of the last line: kept elsewhere, it shows later whether the end of the log was cut off. */
  readonly head: string
  readonly fault: AuditFault | null
}

/**
 * Reads a whole log and checks its chain, up to the first fault. Memory does not grow with the log. A log whose
 * oldest files were archived is verified from the first file that is there, if it begins where its name says.
 */
export async function verifyAuditLog(
  folder: string,
  progress: (entries: number) => void = () => {},
): Promise<AuditVerdict> {
  const files = listAuditFiles(folder)
  let head: ChainHead = EMPTY_CHAIN
  let entries = 0
  const verdict = (fault: AuditFault | null): AuditVerdict => ({ entries, files: files.length, head: head.hash, fault })
  for (const [index, { path, firstSeq }] of files.entries()) {
    let line = 0
    if (firstSeq !== head.seq + 1) {
      if (index > 0)
        return verdict({ file: path, line: 1, what: `begins with ${firstSeq}, after ${head.seq}: a file is missing` })
      return verdict({ file: path, line: 1, what: `begins with ${firstSeq}: the files before it are missing` })
    }
    for await (const { text, complete } of readLines(path)) {
      line++
      if (!complete)
        return verdict({ file: path, line, what: 'is torn: a crash broke it off, or the log is being written' })
      const next = followLine(head, text)
      if (typeof next === 'string') return verdict({ file: path, line, what: next })
      head = next
      if (++entries % 10_000 === 0) progress(entries)
    }
  }
  return verdict(null)
}
