import { join } from 'node:path'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { privateFolder } from '../../runtime/private-folder.ts'
import { takeProcessLock } from '../../runtime/process-lock.ts'

/**
 * Takes a data folder for this process alone, and makes it one that only this user can enter; returns how to release
 * it. A lock whose process is gone is taken over. Throws ExpectedError when another gateway runs on the folder, it
 * belongs to another user, or it cannot be written.
 */
export function lockDataFolder(folder: string, notify: (what: string) => void): () => void {
  const path = join(folder, 'lock')
  try {
    privateFolder(folder)
    return takeProcessLock(path, {
      refusal: (pid) =>
        `A gateway runs on this folder already (process ${pid}, by ${path}). ` +
        'Stop it, or set SMSGW_DATA to another folder, or use --ephemeral.',
      notify,
    })
  } catch (error) {
    if (error instanceof ExpectedError) throw error
    throw new ExpectedError(`${folder} cannot be used: ${(error as Error).message}. Set SMSGW_DATA to another folder.`)
  }
}
