import type { ReceiptStatus } from '../../src/domain/receipts.ts'
import { isTaken } from '../../src/simulator/behaviour.ts'
import { type ReceiptEntry, readLedger, type SubmissionEntry } from '../../src/simulator/submission-ledger.ts'

/** A submit that the SMSC took, and each time that its receipt was sent and acknowledged, in their order. */
export interface AcknowledgedSubmit {
  readonly submit: SubmissionEntry
  readonly acknowledgements: ReceiptEntry[]
}

/** The submits and receipts of the SMSC, by its own ledger and ids, in the order of the first acknowledged receipts. */
export async function readAcknowledged(ledger: string): Promise<Map<number, AcknowledgedSubmit>> {
  const taken = new Map<number, AcknowledgedSubmit>()
  const reported = new Map<number, AcknowledgedSubmit>()
  for await (const entry of readLedger(ledger)) {
    const id = Number(entry.id)
    if (entry.kind === 'receipt-acked') {
      const of = taken.get(id)!
      of.acknowledgements.push(entry)
      reported.set(id, of)
    } else if (isTaken(entry.result)) {
      taken.set(id, { submit: entry, acknowledgements: [] })
    }
  }
  return new Map([...reported, ...taken])
}

/** Whether every expected receipt was acknowledged. */
export function isAcknowledged({ submit, acknowledgements }: AcknowledgedSubmit): boolean {
  return acknowledgements.length === (submit.receipt === 'twice' ? 2 : 1)
}

const STATUS_OF: Readonly<Record<string, ReceiptStatus>> = {
  DELIVRD: 'delivered',
  UNDELIV: 'failed',
  DELETED: 'failed',
  EXPIRED: 'expired',
  REJECTD: 'rejected',
  UNKNOWN: 'unknown',
}
/** Network of network_error_code: GSM. */
const GSM = 3

/** What the gateway is to read in a receipt, by where it says it (docs/operators/smpp.md). */
export function meaningOf({ submit, acknowledgements }: AcknowledgedSubmit): {
  status: ReceiptStatus
  code: string | null
} {
  const [state, error] = submit.final!.split(':') as [string, string]
  const status = STATUS_OF[state]!
  const { form } = acknowledgements[0]!
  if (status === 'delivered') return { status, code: null }
  if (form !== 'tlv' && error !== '000') return { status, code: error }
  return { status, code: form === 'text' ? null : `${GSM}:${Number.parseInt(error, 16)}` }
}
