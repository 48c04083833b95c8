import { KafkaError, KafkaUnreachableError } from '../kafka/errors.ts'
import { isDatabaseUnavailable, SqlState, sqlState } from '../postgres/database-errors.ts'
import { ExpectedError } from '../runtime/expected-error.ts'

/** The message that explains an error and its remedy; null for an unexpected error. */
export function explainError(error: unknown): string | null {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (error instanceof ExpectedError) return message
  if (error instanceof KafkaUnreachableError) return `${message}. Check KAFKA_BROKERS and that the brokers run.`
  if (error instanceof KafkaError) return `Kafka refused: ${message}.`
  if (code === 'EADDRINUSE') {
    return `Port ${port} of ${address} is taken by another program. Stop that, or set PORT or ADMIN_PORT to a free one.`
  }
  if (sqlState(error) === SqlState.UNDEFINED_TABLE) {
    return `The database is not as this version needs it: ${message}. Starting any role of the gateway brings it up to date.`
  }
  if (isDatabaseUnavailable(error))
    return `PostgreSQL does not answer: ${message}. Check DATABASE_URL and that it runs.`
  return explainFileError(error)
}

/** System calls on files; those on sockets are explained by what they connect to. */
const FILE_CALLS =
  /^(access|close|copyfile|fsync|ftruncate|link|lstat|mkdir|open|read|readlink|rename|rmdir|scandir|stat|symlink|unlink|write)$/

/** A file or folder that cannot be used, in one line; null for an error of another kind. */
export function explainFileError(error: unknown): string | null {
  const { code, syscall, message, path } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined || !FILE_CALLS.test(syscall)) return null
  // Node writes "ENOENT: no such file or directory, open 'x'".
  const what = /^[A-Z]+: ([^,]+)/.exec(message)?.[1] ?? message
  return path === undefined ? `A file cannot be used: ${what} (${syscall})` : `${path}: ${what}`
}
