import { accessSync, constants, statSync } from 'node:fs'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { explainFileError } from '../explain-error.ts'

/** Standard input. */
const STDIN = '-'

/**
 * Parses an option or argument that names a file to read, before the command connects to anything. Throws ExpectedError
 * of one line if the file cannot be read. Defaults are not parsed.
 */
export function inputFile(path: string): string {
  if (path === STDIN) return path
  check(path)
  if (statSync(path).isDirectory()) throw new ExpectedError(`${path}: this is a folder, not a file`)
  return path
}

/** The same of a folder. */
export function inputFolder(path: string): string {
  check(path)
  if (!statSync(path).isDirectory()) throw new ExpectedError(`${path}: this is a file, not a folder`)
  return path
}

function check(path: string): void {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw new ExpectedError(explainFileError(error) ?? String(error))
  }
}
