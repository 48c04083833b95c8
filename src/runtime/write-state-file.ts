import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { ExpectedError } from './expected-error.ts'

/** For this user alone. */
const PRIVATE = 0o600
let written = 0

/** A file of state that is empty, torn or of another form. The message says what to do. */
export class StateFileError extends ExpectedError {
  override readonly name = 'StateFileError'
}

/**
 * Replaces a file as a whole: the content is written beside it, synced and renamed, so a reader or a crash meets the
 * old content or the new one, never half of it. Does nothing when the content is there already. `mode` is that of the
 * new file, 0600 unless given; what is no regular file, as /dev/stdout, is written to directly.
 */
export function writeStateFile(path: string, content: string, mode = PRIVATE): void {
  const target = existsSync(path) ? realpathSync(path) : path
  if (existsSync(target) && !lstatSync(target).isFile()) writeFileSync(target, content)
  else if (existsSync(target) && readFileSync(target, 'utf8') === content) tighten(target, mode)
  else replace(target, content, mode)
}

function replace(target: string, content: string, mode: number): void {
  const part = `${target}.${process.pid}-${++written}.part`
  try {
    // A leftover of an earlier process with this id; `wx` follows no link that another user put in its place.
    rmSync(part, { force: true })
    const file = openSync(part, 'wx', mode)
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, target)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
  syncFolder(dirname(target))
}

/**
 * What a state file says, by `parse`, which throws an Error for what it cannot use; null when there is no file.
 * Throws StateFileError, which ends with `remedy`.
 */
export function readStateFile<T>(path: string, parse: (content: string) => T, remedy: string): T | null {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    if (code === 'EACCES') throw new StateFileError(`${path} is another user's. Run this as that user.`)
    throw new StateFileError(`${path} cannot be read: ${message}. ${remedy}`)
  }
  if (content.trim() === '') throw new StateFileError(`${path} is empty, as after a full disk or a crash. ${remedy}`)
  try {
    return parse(content)
  } catch (error) {
    throw new StateFileError(`${path} cannot be used: ${(error as Error).message}. ${remedy}`)
  }
}

/** A file of an earlier version may be readable by all. */
function tighten(path: string, mode: number): void {
  if (mode !== PRIVATE || (lstatSync(path).mode & 0o077) === 0) return
  const file = openSync(path, 'r')
  try {
    fchmodSync(file, mode)
  } finally {
    closeSync(file)
  }
}

/** So that the new name survives a loss of power as well. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
