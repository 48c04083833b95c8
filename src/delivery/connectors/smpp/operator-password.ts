import { readFileSync } from 'node:fs'
import { ExpectedError } from '../../../runtime/expected-error.ts'

class OperatorPasswordError extends ExpectedError {
  override readonly name = 'OperatorPasswordError'
}

/** Where a password is: in a variable of the environment or in a file; in neither, it is empty. */
export interface PasswordPlace {
  readonly password_env?: string
  readonly password_file?: string
}

/** Reads a password. The end of a file's last line is not part of it. Throws OperatorPasswordError when it is not there. */
export function readOperatorPassword(operator: string, place: PasswordPlace, env: NodeJS.ProcessEnv): string {
  const { password_env: variable, password_file: path } = place
  if (variable !== undefined) {
    const password = env[variable]
    if (password === undefined) {
      throw new OperatorPasswordError(
        `the password of operator "${operator}" is to be in ${variable}, which is not set`,
      )
    }
    return password
  }
  if (path === undefined) return ''
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new OperatorPasswordError(
      `the password of operator "${operator}" cannot be read: ${(error as Error).message}`,
    )
  }
}
