import { sumUpParts, type TakenPart } from '../domain/long-message.ts'
import type { Status } from '../domain/status.ts'
import type { StatusDetails } from '../events/status-record.ts'

/** A submit that an operator took, with its receipt if there is one. Times of the database's clock. */
export interface TakenSubmit {
  readonly attempt: number
  readonly part: number
  /** How many parts the message has there. */
  readonly partCount: number
  readonly operator: string
  readonly operatorMessageId: string | null
  readonly possibleDuplicate: boolean
  readonly takenAtMs: number
  readonly receipt: Omit<NonNullable<TakenPart['receipt']>, 'isLate'> | null
}

export interface JudgeRules {
  readonly receiptTimeoutMs: (operator: string) => number
  /** Statuses of receipts that came before are all applied; one that is not was lost. */
  readonly appliedMs: number
  readonly nowMs: number
}

/**
 * What is to be done with a message that was sent and has come to no end.
 * - `publish`: publish this status: a receipt says so and its status was lost, or none came in time.
 * - `wait`: until then something may still come.
 * - `leave`: nothing more is to be expected.
 */
export type Verdict =
  | { readonly kind: 'publish'; readonly status: Status; readonly details: StatusDetails }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'leave' }

const LEAVE: Verdict = { kind: 'leave' }

/** The error code of what no receipt came for. */
export const NO_RECEIPT = 'no-receipt'

/** Judges by the submits and receipts of operators. `status` is the present status of the message. */
export function judgeUnanswered(
  status: 'sent' | 'unknown',
  submits: readonly TakenSubmit[],
  { receiptTimeoutMs, appliedMs, nowMs }: JudgeRules,
): Verdict {
  const last = submits.at(-1)
  if (!last) return LEAVE
  const { operator, partCount } = last
  const timeoutMs = receiptTimeoutMs(operator)
  const taken = submits.filter((submit) => submit.operator === operator)
  const { status: decided, ...whole } = sumUpParts(
    taken.map((submit) => withLateness(submit, timeoutMs)),
    partCount,
  )
  const details: StatusDetails = {
    ...whole,
    operator,
    possibleDuplicate: submits.some((each) => each.attempt <= whole.attempt && each.possibleDuplicate),
    ...(partCount === 1 ? { parts: [] } : {}),
  }
  if (decided !== null) {
    if (decided === status) return LEAVE
    const receivedAtMs = Math.max(...taken.map(({ receipt }) => receipt?.receivedAtMs ?? 0))
    return receivedAtMs < appliedMs ? { kind: 'publish', status: decided, details } : { kind: 'wait', untilMs: nowMs }
  }
  if (status === 'unknown') return LEAVE
  const untilMs = Math.max(...taken.map(({ takenAtMs }) => takenAtMs)) + timeoutMs
  if (untilMs > nowMs) return { kind: 'wait', untilMs }
  return { kind: 'publish', status: 'unknown', details: { ...details, errorCode: NO_RECEIPT, isLate: false } }
}

function withLateness({ receipt, takenAtMs, ...submit }: TakenSubmit, timeoutMs: number): TakenPart {
  return { ...submit, receipt: receipt && { ...receipt, isLate: receipt.receivedAtMs - takenAtMs > timeoutMs } }
}
