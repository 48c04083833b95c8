import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const BLOCKS = /^audit-([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{12})\.zst$/
const PLAIN = /^audit-([0-9]{12})\.ndjson$/

/** A file of the log. `firstSeq` is the number of its first line, and gives it its name. */
export interface AuditFile {
  readonly path: string
  readonly firstSeq: number
  /**
   * The day (UTC) of its lines, as in 2026-11-30; null for a plain file of an earlier version, which may have several.
   */
  readonly day: string | null
}

export function auditFile(folder: string, day: string, firstSeq: number): AuditFile {
  return { path: join(folder, `audit-${day}-${String(firstSeq).padStart(12, '0')}.zst`), firstSeq, day }
}

/** The files of a log, in the order of their lines; two that begin with the same line are neighbours. */
export function listAuditFiles(folder: string): AuditFile[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name): AuditFile[] => {
      const path = join(folder, name)
      const [, day, firstSeq] = BLOCKS.exec(name) ?? []
      if (firstSeq !== undefined) return [{ path, firstSeq: Number(firstSeq), day: day! }]
      const plain = PLAIN.exec(name)?.[1]
      return plain === undefined ? [] : [{ path, firstSeq: Number(plain), day: null }]
    })
    .sort(byFirstLine)
}

export function byFirstLine(a: AuditFile, b: AuditFile): number {
  return a.firstSeq - b.firstSeq || (a.path < b.path ? -1 : 1)
}

/** Makes the folder of a log, for this user alone, if it is missing. */
export function makeAuditFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** The day (UTC) of a time, as in 2026-11-30. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
