import type { PartReceipt } from '../long-message.ts'

/** How a submit may end (docs/states/attempt.md), what the operator may have of it first. */
const SUBMIT_OUTCOMES = ['sent', 'unidentified', 'ambiguous', 'rejected', 'temporary', 'throttled', 'unsent'] as const

/** How an attempt, or a part of it, ended; null while unknown. */
export type PartOutcome = (typeof SUBMIT_OUTCOMES)[number] | null

/** Whether the operator has the part: it is never submitted again. */
export function isTaken({ outcome }: Pick<AttemptPart, 'outcome'>): boolean {
  return outcome === 'sent' || outcome === 'unidentified'
}

/** `cancelled`: the customer was first; this attempt is never submitted. */
export type AttemptOutcome = PartOutcome | 'cancelled'

/** A submit of an attempt. Parts are counted from 1. */
export interface AttemptPart {
  readonly part: number
  readonly outcome: PartOutcome
  readonly operatorMessageId: string | null
  readonly errorCode: string | null
  /** The operator's own words about the error. */
  readonly errorText?: string | null
  /** As it was stored when the attempts were read. */
  readonly receipt: (Omit<PartReceipt, 'isLate'> & { readonly afterMs: number }) | null
}

/** An attempt as its rows have it. Times in milliseconds of the database's clock. */
export interface Attempt {
  readonly attempt: number
  readonly operator: string
  readonly possibleDuplicate: boolean
  readonly leaseUntilMs: number
  readonly endedAtMs: number | null
  /** Null while an answer is awaited; of an attempt of several parts the most that the operator may have of it. */
  readonly outcome: AttemptOutcome
  /** How many parts the message has at that operator. */
  readonly partCount: number
  /** Those that this attempt submits, in their order. A message that is not divided is one part. */
  readonly parts: readonly AttemptPart[]
}

/** The outcome of an attempt by those of its parts, which must all have ended. */
export function outcomeOf(parts: readonly Pick<AttemptPart, 'outcome'>[]): Exclude<PartOutcome, null> {
  return SUBMIT_OUTCOMES.find((outcome) => parts.some((part) => part.outcome === outcome)) ?? 'unsent'
}

/** How far a message has got with an operator. */
export interface Standing {
  readonly taken: ReadonlyMap<number, AttemptPart>
  /** Parts whose answer was lost and that were not taken otherwise: the operator may have them. */
  readonly ambiguous: ReadonlySet<number>
}

export function standingAt(attempts: readonly Attempt[], operator: string): Standing {
  const taken = new Map<number, AttemptPart>()
  const ambiguous = new Set<number>()
  for (const attempt of attempts) {
    if (attempt.operator !== operator) continue
    for (const part of attempt.parts) {
      if (isTaken(part) && !taken.has(part.part)) taken.set(part.part, part)
      if (part.outcome === 'ambiguous') ambiguous.add(part.part)
    }
  }
  for (const part of taken.keys()) ambiguous.delete(part)
  return { taken, ambiguous }
}

/** Which parts an attempt is to submit, and whether the phone may then have one of them twice. */
export interface PartsToSubmit {
  readonly parts: readonly number[]
  readonly possibleDuplicate: boolean
}

/**
 * The parts that are not known to be taken, of a message that has `partCount` of them at the operator. Where answers
 * that were lost are held, those parts are left out too.
 */
export function partsToSubmit(
  attempts: readonly Attempt[],
  operator: string,
  partCount: number,
  holds: boolean,
): PartsToSubmit {
  const { taken, ambiguous } = standingAt(attempts, operator)
  const parts = Array.from({ length: partCount }, (_, index) => index + 1).filter(
    (part) => !taken.has(part) && !(holds && ambiguous.has(part)),
  )
  const elsewhere = attempts.some(
    (attempt) => attempt.operator !== operator && attempt.parts.some(({ outcome }) => outcome === 'ambiguous'),
  )
  const isFlagged = attempts.some(({ possibleDuplicate }) => possibleDuplicate)
  return { parts, possibleDuplicate: isFlagged || elsewhere || parts.some((part) => ambiguous.has(part)) }
}
