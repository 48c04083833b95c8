import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const FORM = /^audit-([0-9]{12})\.ndjson$/

/** A file of the log. `firstSeq` is the number of its first line, and gives it its name. */
export interface AuditFile {
  readonly path: string
  readonly firstSeq: number
}

export function auditFile(folder: string, firstSeq: number): AuditFile {
  return { path: join(folder, `audit-${String(firstSeq).padStart(12, '0')}.ndjson`), firstSeq }
}

/** The files of a log, in order. Makes the folder if it is missing and `create` is set. */
export function listAuditFiles(folder: string, create = false): AuditFile[] {
  if (create) mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => FORM.test(name))
    .sort()
    .map((name) => ({ path: join(folder, name), firstSeq: Number(FORM.exec(name)![1]) }))
}
