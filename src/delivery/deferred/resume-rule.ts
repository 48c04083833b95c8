import type { ConnectionCondition } from '../connections/choose-connection.ts'

/** How many tasks that wait for an operator may be on their way back at once, and which of them. */
export interface CallBack {
  readonly tasksMax: number
  /** Those alone that were put aside under an older revision of operators and routes. */
  readonly outdatedOnly: boolean
}

/**
 * What may be called back of an operator's tasks. While it tries whether the operator is there again the breaker lets one
 * through; while it is away only those come that may find another operator by now, as routes have changed.
 */
export function mayCallBack(
  connection: { condition: ConnectionCondition; isProved: boolean } | null,
  isAnyOutdated: boolean,
  tasksMax: number,
): CallBack | null {
  if (connection?.condition === 'ready') return { tasksMax: connection.isProved ? tasksMax : 1, outdatedOnly: false }
  return isAnyOutdated ? { tasksMax, outdatedOnly: true } : null
}
