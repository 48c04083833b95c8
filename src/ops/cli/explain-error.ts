import { KafkaError, KafkaUnreachableError } from '../../kafka/errors.ts'
import { isDatabaseAway, SqlState, sqlState } from '../../postgres/database-errors.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'

/** What a person is told of an error, with what to do about it; null for one that nobody expected. */
export function explainError(error: unknown): string | null {
  const { code, syscall, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (error instanceof ExpectedError) return message
  if (error instanceof KafkaUnreachableError) return `${message}. Check KAFKA_BROKERS and that the brokers run.`
  if (error instanceof KafkaError) return `Kafka refused: ${message}.`
  if (code === 'EADDRINUSE') {
    return `Port ${port} of ${address} is taken by another program. Stop that, or set PORT or ADMIN_PORT to a free one.`
  }
  if (sqlState(error) === SqlState.UNDEFINED_TABLE) {
    return `The database is not as this version needs it: ${message}. Starting any role of the gateway brings it up to date.`
  }
  if (isDatabaseAway(error)) return `PostgreSQL does not answer: ${message}. Check DATABASE_URL and that it runs.`
  if (code === 'ENOENT' && syscall === 'open') return message
  return null
}
