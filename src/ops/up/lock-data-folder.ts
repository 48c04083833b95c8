import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ExpectedError } from '../../runtime/expected-error.ts'

/**
 * Takes a data folder for this process alone; returns how to let go of it. A lock whose process is gone, because it
 * was killed, is taken over. Throws ExpectedError when another gateway runs on the folder, or it cannot be written.
 */
export function lockDataFolder(folder: string, tell: (what: string) => void): () => void {
  const path = join(folder, 'lock')
  try {
    mkdirSync(folder, { recursive: true })
    takeLock(path, tell)
  } catch (error) {
    if (error instanceof ExpectedError) throw error
    throw new ExpectedError(`${folder} cannot be used: ${(error as Error).message}. Set SMSGW_DATA to another folder.`)
  }
  return () => rmSync(path, { force: true })
}

function takeLock(path: string, tell: (what: string) => void): void {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const pid = Number(readFileSync(path, 'utf8'))
    if (isGateway(pid)) {
      throw new ExpectedError(
        `A gateway runs on this folder already (process ${pid}, by ${path}). ` +
          'Stop it, or set SMSGW_DATA to another folder, or use --ephemeral.',
      )
    }
    tell(`the lock of process ${pid}, which is gone, was taken over`)
    writeFileSync(path, `${process.pid}\n`)
  }
}

/** A process of that number may be another program by now. */
function isGateway(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    // By its command (`bin/smsgw`), or by its source (`npm start`).
    return /smsgw|main\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  } catch {
    return true
  }
}
