import type { ReceiptFate } from './behaviour.ts'
import type { FinalState } from './final-states.ts'

/** A message that the simulator accepted and owes a receipt. One part of a longer text counts as a message here. */
export interface TakenMessage {
  readonly id: number
  readonly systemId: string
  /** The session that it came on; 0 for one of an earlier run. */
  readonly sessionId: number
  readonly to: string
  readonly from: string
  /** The beginning of its text, as receipts quote it. */
  readonly quote: string
  readonly takenMs: number
  readonly receiptDueMs: number
  readonly receipt: ReceiptFate
  /** What chance writes before its receipt; null for nothing. */
  readonly rubbish: number | null
  final: FinalState
  /** How often its receipt was acknowledged. */
  timesSent: number
}
