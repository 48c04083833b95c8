import { AuthenticationError } from '@platformatic/kafka'
import { KafkaError, KafkaUnreachableError } from '../kafka/errors.ts'
import { isDatabaseUnavailable } from '../postgres/database-errors.ts'

/** Codes of OpenSSL and Node by which a certificate or a protocol is refused: a matter of settings. */
const TLS_CODES = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/

/**
 * Whether a server is unavailable, so that the same start may succeed later without a change of settings: no answer, a
 * restart, a recovery, a full disk, too many connections. False for what an operator has to fix: a refused login, an
 * unknown database, an untrusted certificate, and for any unknown error.
 */
export function isServerUnavailable(error: unknown): boolean {
  const causes = causesOf(error)
  if (causes.some(isRefusal)) return false
  return causes.some(isPassing)
}

function isPassing(error: unknown): boolean {
  if (error instanceof KafkaUnreachableError) return true
  if (error instanceof KafkaError) return error.retriable
  return isDatabaseUnavailable(error)
}

/** A login that broke off with the connection is no refusal. */
function isRefusal(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && TLS_CODES.test(code)) return true
  return error instanceof AuthenticationError && !causesOf(error.cause).some(isNetworkFault)
}

function isNetworkFault(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'PLT_KFK_NETWORK' || code === 'PLT_KFK_TIMEOUT' || isDatabaseUnavailable(error)
}

/** An error, what caused it, and what it gathers. */
function causesOf(error: unknown, depth = 0): unknown[] {
  if (!(error instanceof Error) || depth > 8) return []
  const gathered = error instanceof AggregateError ? error.errors : []
  return [error, ...[error.cause, ...gathered].flatMap((each) => causesOf(each, depth + 1))]
}
