import { type ReceiptStatus, statusOfMessage, statusOfPart } from './receipts.ts'

/** A submit of a part that the operator took. */
export interface TakenPart {
  readonly attempt: number
  readonly part: number
  /** Null if its answer could not be read. */
  readonly operatorMessageId: string | null
  readonly receipt: PartReceipt | null
}

export interface PartReceipt {
  readonly status: ReceiptStatus
  readonly code: string | null
  /** As the operator says. */
  readonly at: Date
  readonly receivedAtMs: number
  /** It came after its time. */
  readonly isLate: boolean
}

/** A part as the timeline shows it. */
export interface PartSummary {
  readonly part: number
  readonly status: 'sent' | ReceiptStatus
  readonly operator_message_id?: string
  readonly error_code?: string
  readonly at?: string
}

/** The outcome of a long message, derived from its parts. */
export interface LongMessage {
  /** Null while that is open. */
  readonly status: ReceiptStatus | null
  /**
   * The last attempt by which the operator took a part; of a single part with a final outcome, the attempt that had it.
   * 0 if it took none.
   */
  readonly attempt: number
  /** Of the first part. */
  readonly operatorMessageId: string | null
  /** Of the part by which the message is what it is. */
  readonly errorCode: string | null
  /** When the last part arrived. */
  readonly deliveredAt: Date | null
  readonly isLate: boolean
  readonly parts: PartSummary[]
}

/**
 * Sums up what an operator took of a message that has `partCount` parts there; one of a part may be there twice. A
 * final outcome does not change when further receipts come: it is published again, under the same id.
 */
export function sumUpParts(taken: readonly TakenPart[], partCount: number): LongMessage {
  const byPart = [...Map.groupBy(taken, ({ part }) => part)].sort(([a], [b]) => a - b)
  const parts = byPart.map(([, copies]) => standing(copies))
  const statuses = parts.map(({ status }) => status)
  const status = parts.length < partCount ? null : statusOfMessage(statuses)
  const receipts = parts.flatMap(({ receipt }) => receipt ?? [])
  const deliveredMs = Math.max(...receipts.map(({ at }) => at.getTime()))
  return {
    status,
    attempt:
      partCount === 1 && status !== null ? parts[0]!.attempt : Math.max(0, ...taken.map(({ attempt }) => attempt)),
    operatorMessageId: parts[0]?.operatorMessageId ?? null,
    errorCode: parts.find((part) => part.status === status)?.receipt?.code ?? null,
    deliveredAt: status === 'delivered' ? new Date(deliveredMs) : null,
    isLate: receipts.some(({ isLate }) => isLate),
    parts: parts.map(summary),
  }
}

interface Standing extends TakenPart {
  readonly status: ReceiptStatus | null
}

/** The copy of a part that decides: of several with that end the one whose receipt came first. */
function standing(copies: readonly TakenPart[]): Standing {
  const status = statusOfPart(copies.map(({ receipt }) => receipt?.status ?? null))
  const receivedMs = ({ receipt }: TakenPart): number => receipt?.receivedAtMs ?? 0
  const [copy] = copies
    .filter(({ receipt }) => (receipt?.status ?? null) === status)
    .toSorted((one, other) => receivedMs(one) - receivedMs(other))
  return { ...copy!, status }
}

function summary({ part, status, operatorMessageId, receipt }: Standing): PartSummary {
  return {
    part,
    status: status ?? 'sent',
    ...(operatorMessageId === null ? {} : { operator_message_id: operatorMessageId }),
    ...(receipt?.code ? { error_code: receipt.code } : {}),
    ...(receipt ? { at: receipt.at.toISOString() } : {}),
  }
}
