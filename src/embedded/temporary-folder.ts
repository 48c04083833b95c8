import { chmodSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { placeElsewhere } from './postgres/postgres-home.ts'

export interface TemporaryFolder {
  readonly path: string
  /** Removes it, and what PostgreSQL keeps elsewhere for its subfolder `postgres`. */
  remove(): Promise<void>
}

/** A new folder for the data of servers that are to leave nothing behind. */
export function temporaryFolder(name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `${name}-`))
  // PostgreSQL, which runs as a user of its own when we are root, has to pass through.
  chmodSync(path, 0o711)
  const remove = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true })
    await rm(dirname(placeElsewhere(join(path, 'postgres'))), { recursive: true, force: true })
  }
  return { path, remove }
}
