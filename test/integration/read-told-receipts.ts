import type { ReceiptStatus } from '../../src/domain/receipts.ts'
import { isTaken } from '../../src/simulator/behaviour.ts'
import { type ReceiptEntry, readLedger, type SubmissionEntry } from '../../src/simulator/submission-ledger.ts'

/** A submit that the SMSC took, and each time that its receipt was sent and acknowledged, in their order. */
export interface ToldSubmit {
  readonly submit: SubmissionEntry
  readonly tellings: ReceiptEntry[]
}

/** The submits and receipts of the SMSC, by its own ledger and ids, in the order of the first acknowledged receipts. */
export async function readTold(ledger: string): Promise<Map<number, ToldSubmit>> {
  const taken = new Map<number, ToldSubmit>()
  const told = new Map<number, ToldSubmit>()
  for await (const entry of readLedger(ledger)) {
    const id = Number(entry.id)
    if (entry.kind === 'receipt-acked') {
      const of = taken.get(id)!
      of.tellings.push(entry)
      told.set(id, of)
    } else if (isTaken(entry.result)) {
      taken.set(id, { submit: entry, tellings: [] })
    }
  }
  return new Map([...told, ...taken])
}

/** Whether every expected receipt was acknowledged. */
export function isToldOf({ submit, tellings }: ToldSubmit): boolean {
  return tellings.length === (submit.receipt === 'twice' ? 2 : 1)
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
export function meaningOf({ submit, tellings }: ToldSubmit): { status: ReceiptStatus; code: string | null } {
  const [state, error] = submit.final!.split(':') as [string, string]
  const status = STATUS_OF[state]!
  const { form } = tellings[0]!
  if (status === 'delivered') return { status, code: null }
  if (form !== 'tlv' && error !== '000') return { status, code: error }
  return { status, code: form === 'text' ? null : `${GSM}:${Number.parseInt(error, 16)}` }
}
