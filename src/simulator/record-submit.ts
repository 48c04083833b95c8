import { isTaken, type ReceiptFate, type SubmitFate, type Treatment } from './behaviour.ts'
import type { ReceivedSubmit } from './read-submit.ts'
import type { Session } from './session.ts'
import { type SubmissionEntry, textHash } from './submission-ledger.ts'
import type { TakenMessage } from './taken-message.ts'

const QUOTE_CHARACTERS = 20

/** The message that a submit becomes; null when it is not taken. */
export function takeMessage(
  session: Session,
  submit: ReceivedSubmit,
  treatment: Treatment,
  fate: SubmitFate,
  nextId: () => number,
  nowMs: number,
): TakenMessage | null {
  if (!isTaken(fate)) return null
  return {
    id: nextId(),
    systemId: session.binding!.systemId,
    sessionId: session.id,
    to: submit.to,
    from: submit.from,
    quote: submit.text.slice(0, QUOTE_CHARACTERS).replace(/[^\x20-\x7e]/g, '.'),
    takenMs: nowMs,
    receiptDueMs: nowMs + treatment.receiptDelayMs,
    receipt: receiptOf(submit, treatment),
    rubbish: treatment.rubbish,
    final: treatment.final,
    timesSent: 0,
  }
}

/** None where none was asked for. */
function receiptOf({ wantsReceipt }: ReceivedSubmit, { receipt, final }: Treatment): ReceiptFate {
  if (wantsReceipt === 'never' || (wantsReceipt === 'failed' && isDelivered(final))) return 'never'
  return receipt
}

export function submissionEntry(
  session: Session,
  submit: ReceivedSubmit,
  fate: SubmitFate,
  status: string,
  message: TakenMessage | null,
  times: { readonly arrivedMs: number; readonly decidedMs: number },
): SubmissionEntry {
  return {
    kind: 'submit',
    arrived: new Date(times.arrivedMs).toISOString(),
    at: new Date(times.decidedMs).toISOString(),
    ref: submit.ref,
    part: submit.key.part,
    parts: submit.key.parts,
    concatenation: submit.concatenation,
    to: submit.to,
    from: submit.from,
    charset: submit.charset,
    text_sha256: textHash(submit.text),
    system_id: session.binding!.systemId,
    session: session.id,
    result: fate,
    status,
    id: message === null ? null : String(message.id),
    delivered: message === null ? null : isDelivered(message.final),
    final: message?.final ?? null,
    receipt: message?.receipt ?? null,
    receipt_due_ms: message?.receiptDueMs ?? null,
  }
}

function isDelivered(final: string): boolean {
  return final.startsWith('DELIVRD')
}
