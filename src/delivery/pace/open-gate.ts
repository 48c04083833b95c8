import type { Pool } from '../../postgres/pool.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Gate, Reopened } from './gate.ts'
import { PausingGate } from './pausing-gate.ts'
import { SlotGate } from './slot-gate.ts'

/** Makes the gates of operators: by slots where a pace is agreed, else by pauses when they throttle. */
export function gatesOf(pool: Pool, metrics: Metrics, log: Log) {
  const slots = metrics.counter('smsgw_pace_slots_total', "Slots of operators' paces that were reserved here", [
    'operator',
    'what',
  ])
  return (operator: string, perSecond: number | null, reopened: Reopened): Gate => {
    if (perSecond === null) return new PausingGate(reopened)
    const parts = {
      pool,
      operator,
      perSecond,
      failed: (error: unknown) => log.warn({ err: error, operator }, 'failed to reserve slots; retrying'),
      counted: (what: string, count: number) => slots.inc({ operator, what }, count),
    }
    return new SlotGate(parts, reopened)
  }
}
