import type { SettledWatermark, SilentMessage } from './settled-watermark.ts'

/** A message as the reconciler finds it: without a state, or in one that it ought not to stay in. */
export interface FoundMessage extends SilentMessage {
  readonly isGivenUp: boolean
}

export interface RepublishRules {
  /** How long a state may stay as it is before its message counts as silent. */
  readonly stuckAfterMs: number
  /** Wait after the first time that a message was published again; twice as long after each further one. */
  readonly afterMs: number
  readonly timesMax: number
}

const BACKOFF_MS_MAX = 3_600_000

/**
 * What to do with a message without progress.
 * - `wait`: it is only late, or the last publication has not had its time yet.
 * - `republish`: put it into the outbox again.
 * - `give-up`: that was done often enough; an operator has to look.
 * - `leave`: given up before.
 */
export type RepublishDecision = 'wait' | 'republish' | 'give-up' | 'leave'

export function decideRepublish(
  message: FoundMessage,
  watermark: Pick<SettledWatermark, 'isPassed'>,
  rules: RepublishRules,
  nowMs: number,
): RepublishDecision {
  if (message.isGivenUp) return 'leave'
  if (message.movedAtMs !== null && nowMs - message.movedAtMs < rules.stuckAfterMs) return 'wait'
  if (!watermark.isPassed(message)) return 'wait'
  if (!message.republished) return rules.timesMax > 0 ? 'republish' : 'give-up'
  const { times, atMs } = message.republished
  if (nowMs - atMs < Math.min(BACKOFF_MS_MAX, rules.afterMs * 2 ** (times - 1))) return 'wait'
  return times < rules.timesMax ? 'republish' : 'give-up'
}
