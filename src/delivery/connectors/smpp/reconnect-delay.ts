import { backoffMs } from '../../../runtime/backoff.ts'
import { COMMAND_STATUS } from '../../../smpp/command-status.ts'
import type { SessionEnd } from './session-actions.ts'

export interface ReconnectLimits {
  readonly reconnect_ms_first: number
  readonly reconnect_ms_max: number
  readonly refused_ms_first: number
  readonly refused_ms_max: number
}

/** Refusals that pass by themselves: the old connection is not forgotten yet, or the SMSC has trouble of its own. */
const PASSING = new Set<number>([
  COMMAND_STATUS.ESME_RALYBND.code,
  COMMAND_STATUS.ESME_RSYSERR.code,
  COMMAND_STATUS.ESME_RMSGQFUL.code,
  COMMAND_STATUS.ESME_RTHROTTLED.code,
  COMMAND_STATUS.ESME_RX_T_APPN.code,
])

/** A bind that is refused until a setting changes: a wrong password, an unknown system_id. */
export function needsPeople({ cause, status }: SessionEnd): boolean {
  return cause === 'refused' && !PASSING.has(status)
}

/**
 * How long to wait before the next connection, after so many that failed in a row, at least one. Anything from nothing
 * to a limit that doubles, so that the binds of all workers do not come back together; after a refusal that needs
 * people longer, and never at once: SMSCs lock accounts that keep knocking.
 */
export function reconnectDelayMs(
  end: SessionEnd,
  failures: number,
  limits: ReconnectLimits,
  random = Math.random,
): number {
  if (needsPeople(end)) return backoffMs(failures, limits.refused_ms_first, limits.refused_ms_max, random)
  return random() * Math.min(limits.reconnect_ms_max, limits.reconnect_ms_first * 2 ** (failures - 1))
}
