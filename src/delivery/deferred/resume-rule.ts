import type { ConnectionCondition } from '../connections/choose-connection.ts'

/** How many tasks that wait for an operator may be on their way back at once, and which of them. */
export interface Resume {
  readonly tasksMax: number
  /** Only those deferred under an older revision of operators and routes. */
  readonly outdatedOnly: boolean
}

/**
 * Which of an operator's deferred tasks may be resumed. While the breaker probes the operator it admits one; while the
 * operator is unavailable only those are resumed that may find another operator by now, as routes have changed.
 */
export function mayResume(
  connection: { condition: ConnectionCondition; isProved: boolean } | null,
  isAnyOutdated: boolean,
  tasksMax: number,
): Resume | null {
  if (connection?.condition === 'ready') return { tasksMax: connection.isProved ? tasksMax : 1, outdatedOnly: false }
  return isAnyOutdated ? { tasksMax, outdatedOnly: true } : null
}
