import { type ReceiptStatus, replaces } from '../../domain/receipts.ts'
import { isSameNumber } from '../../domain/same-number.ts'

/** What is known of a submit that an operator took, as far as it matters for whose receipt this is. */
export interface SubmitCandidate {
  readonly smsId: number
  readonly attempt: number
  /** Null for a message in one part. */
  readonly part: number | null
  /** E.164. */
  readonly phone: string
  /** As it is stored; null for a submit without one. */
  readonly receiptStatus: ReceiptStatus | null
  readonly takenAtMs: number
  /** Further parts of its attempt await their answers, and may get the same id. */
  readonly isUnderWay: boolean
}

/** What of a receipt decides whose it is. */
export interface ReceiptToPlace {
  /** As in `Receipt` of the connectors. */
  readonly recipients: readonly string[]
  readonly status: ReceiptStatus
  readonly isRepetition: boolean
}

/**
 * Whose receipt it is:
 * - `open`: of this submit, which has no receipt that contradicts it;
 * - `closed`: of this one, which has a receipt already;
 * - `none`: of none, yet;
 * - `other-recipient`: its id is known, and belongs to messages to other phones;
 * - `ambiguous`: it names no recipient, and several messages share its id.
 */
export type SubmitChoice<Submit> =
  | { readonly kind: 'open' | 'closed'; readonly submit: Submit }
  | { readonly kind: 'none' | 'other-recipient' | 'ambiguous' }

/** An id that comes again after so long is a new message's; sooner, two nodes count alike. */
const REUSED_AFTER_MS = 86_400_000

/**
 * Chooses among the submits that an operator answered by the id of a receipt. Ids of operators are not unique (several
 * nodes of an SMSC count alike, ids come again after a while, the parts of a message may share one), so the recipient
 * decides, then whether a receipt is still awaited; of what is left the newest message, and its first part.
 */
export function chooseSubmit<Submit extends SubmitCandidate>(
  candidates: readonly Submit[],
  receipt: ReceiptToPlace,
): SubmitChoice<Submit> {
  if (candidates.length === 0) return { kind: 'none' }
  const fitting = ofRecipient(candidates, receipt.recipients)
  if (fitting.length === 0) return { kind: 'other-recipient' }
  const inOrder = fitting.toSorted(newestFirst)
  const same = inOrder.find(({ receiptStatus }) => receiptStatus === receipt.status)
  if (receipt.isRepetition && same) return { kind: 'closed', submit: same }
  const without = inOrder.filter(({ receiptStatus }) => receiptStatus === null)
  const open = without.length > 0 ? without : inOrder.filter((each) => replaces(each.receiptStatus, receipt.status))
  const [newest] = open
  if (newest) {
    const isAnothers = ({ smsId, takenAtMs }: Submit): boolean =>
      smsId !== newest.smsId && newest.takenAtMs - takenAtMs < REUSED_AFTER_MS
    const isAmbiguous = receipt.recipients.length === 0 && open.some(isAnothers)
    return isAmbiguous ? { kind: 'ambiguous' } : { kind: 'open', submit: newest }
  }
  // The receipt of a part whose answer is not written yet looks like a repetition of another part's.
  if (inOrder.some(({ isUnderWay }) => isUnderWay)) return { kind: 'none' }
  return { kind: 'closed', submit: same ?? inOrder[0]! }
}

/** Those to the first of the recipients that any of them is to; all of them if the receipt names none. */
export function ofRecipient<Submit extends SubmitCandidate>(
  candidates: readonly Submit[],
  recipients: readonly string[],
): readonly Submit[] {
  if (recipients.length === 0) return candidates
  for (const digits of recipients) {
    const fitting = candidates.filter(({ phone }) => isSameNumber(phone, digits))
    if (fitting.length > 0) return fitting
  }
  return []
}

function newestFirst(one: SubmitCandidate, other: SubmitCandidate): number {
  return other.smsId - one.smsId || other.attempt - one.attempt || (one.part ?? 0) - (other.part ?? 0)
}
