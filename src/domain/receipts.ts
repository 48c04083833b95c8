import { TRANSITIONS } from './status.ts'

/** An operator's final state of a part of a message. `unknown`: the operator does not know either. */
export const RECEIPT_STATUSES = ['delivered', 'failed', 'expired', 'rejected', 'unknown'] as const

export type ReceiptStatus = (typeof RECEIPT_STATUSES)[number]

/**
 * Whether a receipt replaces the one that is stored. Operators send receipts twice, and sometimes two different ones for
 * one part: the first definite one is kept, as its status was published. Only `unknown` is replaced by a later one.
 */
export function replaces(before: ReceiptStatus | null, later: ReceiptStatus): boolean {
  return before === null || TRANSITIONS[before].includes(later)
}

const DAY_MS = 86_400_000
/** Longer than any message may wait for its receipt; what is older comes from a wrong clock or date format. */
const RECEIPT_AGE_MS_MAX = 60 * DAY_MS

/** The time that a receipt states; now where that is missing or impossible (in the future, or years ago). */
export function receiptTime(saidMs: number | null, nowMs: number): Date {
  const isPossible = saidMs !== null && saidMs <= nowMs && saidMs >= nowMs - RECEIPT_AGE_MS_MAX
  return new Date(isPossible ? saidMs : nowMs)
}

/** Ends of a part after which the message cannot be whole any more, the most definite first. */
const LOST = ['rejected', 'failed', 'expired'] as const satisfies readonly ReceiptStatus[]

/**
 * What became of a part that the operator may have taken more than once, by the receipts of each taking, in their
 * order; null for one without. One delivered copy is enough; while a copy may still be delivered nothing is decided.
 */
export function statusOfPart(receipts: readonly (ReceiptStatus | null)[]): ReceiptStatus | null {
  if (receipts.includes('delivered')) return 'delivered'
  if (receipts.length === 0 || receipts.includes(null)) return null
  if (receipts.includes('unknown')) return 'unknown'
  return LOST.find((status) => receipts.includes(status))!
}

/**
 * The outcome of a message, by the outcomes of its parts; null while that is open. It is delivered when all of them
 * are, and lost as soon as one is; `unknown` only when nothing can come any more that would say otherwise.
 */
export function statusOfMessage(parts: readonly (ReceiptStatus | null)[]): ReceiptStatus | null {
  const lost = LOST.find((status) => parts.includes(status))
  if (lost) return lost
  if (parts.length === 0 || parts.includes(null)) return null
  return parts.includes('unknown') ? 'unknown' : 'delivered'
}
