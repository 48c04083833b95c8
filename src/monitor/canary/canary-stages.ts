import { isFinal, type Status } from '../../domain/status.ts'

/**
 * The stages of a message's way, in their order, each with where it ends:
 * - `accept`: the API answered; measured here, all else by the clocks of the gateway's processes.
 * - `kafka`: the outbox, Kafka and a worker's queue are behind it, and an attempt begins.
 * - `operator`: the operator took it.
 * - `receipt`: the receipt came.
 * - `postgres`: its final status can be read from the API; by our clock.
 * - `clickhouse`: all its statuses are in ClickHouse; by our clock.
 */
export const CANARY_STAGES = ['accept', 'kafka', 'operator', 'receipt', 'postgres', 'clickhouse'] as const

export type CanaryStage = (typeof CANARY_STAGES)[number]

export interface CanaryMessage {
  readonly status: Status
  readonly timeline: readonly { readonly status: string; readonly at: string }[]
}

export interface CanaryTimes {
  readonly postedMs: number
  readonly answeredMs: number
  /** When the final status was read; null when it was not reached in time. */
  readonly finalMs: number | null
  /** Null when it was not in ClickHouse in time, or ClickHouse is not queried. */
  readonly inClickHouseMs: number | null
}

export type CanaryOutcome = 'delivered' | 'undelivered' | 'lost'

/** Whether the message came through; `lost` when it has no final status in time, which one that failed has. */
export function canaryOutcome({ status }: CanaryMessage): CanaryOutcome {
  if (status === 'delivered') return 'delivered'
  return isFinal(status) ? 'undelivered' : 'lost'
}

/** How long each stage took, in seconds, of those that the message has passed. Never below 0: clocks may differ. */
export function canaryStages(message: CanaryMessage, times: CanaryTimes): Map<CanaryStage, number> {
  const at = (status: string): number | null => {
    const reached = message.timeline.findLast((entry) => entry.status === status)
    return reached ? Date.parse(reached.at) : null
  }
  const [accepted, sending, sent, delivered] = [at('accepted'), at('sending'), at('sent'), at('delivered')]
  const spans: Record<CanaryStage, readonly [number | null, number | null]> = {
    accept: [times.postedMs, times.answeredMs],
    kafka: [accepted, sending ?? sent],
    operator: [sending, sent],
    receipt: [sent, delivered],
    postgres: [delivered, times.finalMs],
    clickhouse: [delivered, times.inClickHouseMs],
  }
  const passed = CANARY_STAGES.flatMap((stage): [CanaryStage, number][] => {
    const [from, to] = spans[stage]
    return from === null || to === null ? [] : [[stage, Math.max(0, to - from) / 1_000]]
  })
  return new Map(passed)
}
