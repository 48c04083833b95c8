import { Problem } from '../domain/errors.ts'
import { isDatabaseUnavailable, isDiskFull } from '../postgres/database-errors.ts'

/** A full disk needs an operator to fix it. */
const DISK_RETRY_SECONDS = 30

/** How a caller learns that the database cannot serve the request now; null for an error of another kind. */
export function databaseProblem(error: Error): Problem | null {
  const problem = isDiskFull(error) ? diskFullProblem() : isDatabaseUnavailable(error) ? unavailable() : null
  if (problem) problem.cause = error
  return problem
}

/** Nothing was stored, or nothing may be. */
export function diskFullProblem(): Problem {
  return new Problem(
    'unavailable',
    'The disk of the gateway is nearly full; try again later with the same Idempotency-Key.',
    [],
    DISK_RETRY_SECONDS,
  )
}

function unavailable(): Problem {
  return new Problem('unavailable', 'The database does not answer; try again with the same Idempotency-Key.')
}
