import type { Attempt, AttemptOutcome, AttemptPart, PartOutcome } from '../../domain/attempts/attempt.ts'
import type { ReceiptStatus } from '../../domain/receipts.ts'
import type { Connection } from '../../postgres/pool.ts'
import { readAttempts, readOutcome, readParts } from './attempt-statements.ts'

/** What is known of a message's attempts, oldest first; times by our own clock. */
export interface AttemptHistory {
  readonly attempts: Attempt[]
  /** As the state of the message says: attempts of the rounds before the one that is on. */
  readonly attemptsBefore: number
}

interface ReceiptRow {
  readonly ended_at: Date | null
  readonly receipt_status: ReceiptStatus | null
  readonly receipt_code: string | null
  readonly receipt_at: Date | null
  readonly receipt_received_at: Date | null
}

interface AttemptRow extends ReceiptRow {
  readonly sms_id: number
  readonly attempt: number
  readonly operator: string
  readonly possible_duplicate: boolean
  readonly lease_until: Date
  readonly outcome: AttemptOutcome
  readonly operator_message_id: string | null
  readonly error_code: string | null
  readonly error_text: string | null
  readonly part_count: number
  readonly parts: number[] | null
  readonly read_at: Date
  readonly attempts_before: number | null
}

interface PartRow extends ReceiptRow {
  readonly sms_id: number
  readonly attempt: number
  readonly part: number
  readonly outcome: Exclude<PartOutcome, null>
  readonly operator_message_id: string | null
  readonly error_code: string | null
  readonly error_text: string | null
}

/** Reads what is known of messages, in the order in which they are asked for. */
export async function readHistories(connection: Connection, smsIds: readonly number[]): Promise<AttemptHistory[]> {
  const { rows } = await connection.query<AttemptRow>(readAttempts(smsIds))
  const long = [...new Set(rows.filter(({ part_count }) => part_count > 1).map(({ sms_id }) => sms_id))]
  const partRows = long.length > 0 ? (await connection.query<PartRow>(readParts(long))).rows : []
  const parts = Map.groupBy(partRows, ({ sms_id, attempt }) => `${sms_id}.${attempt}`)
  const bySms = Map.groupBy(rows, ({ sms_id }) => sms_id)
  return smsIds.map((smsId) => {
    const of = bySms.get(smsId) ?? []
    const attempts = of.map((row) => toAttempt(row, parts.get(`${row.sms_id}.${row.attempt}`) ?? []))
    return { attempts, attemptsBefore: of[0]?.attempts_before ?? 0 }
  })
}

/** The database's times, moved by what its clock is ahead of ours. */
function toAttempt(row: AttemptRow, partRows: readonly PartRow[]): Attempt {
  const aheadMs = row.read_at.getTime() - Date.now()
  return {
    attempt: row.attempt,
    operator: row.operator,
    possibleDuplicate: row.possible_duplicate,
    leaseUntilMs: row.lease_until.getTime() - aheadMs,
    endedAtMs: row.ended_at && row.ended_at.getTime() - aheadMs,
    outcome: row.outcome,
    partCount: row.part_count,
    parts: row.outcome === 'cancelled' ? [] : partsOf(row, row.outcome, partRows),
  }
}

/** A part without a row is open; if its attempt has ended all the same, its outcome is unknown. */
function partsOf(row: AttemptRow, outcome: PartOutcome, partRows: readonly PartRow[]): AttemptPart[] {
  if (row.part_count === 1) {
    const { operator_message_id: operatorMessageId, error_code: errorCode, error_text: errorText } = row
    return [
      {
        part: 1,
        outcome: readOutcome(outcome, operatorMessageId),
        operatorMessageId,
        errorCode,
        errorText,
        receipt: toReceipt(row),
      },
    ]
  }
  const known = new Map(partRows.map((part) => [part.part, part]))
  const numbers = row.parts ?? Array.from({ length: row.part_count }, (_, index) => index + 1)
  return numbers.map((part): AttemptPart => {
    const found = known.get(part)
    return {
      part,
      outcome: found ? readOutcome(found.outcome, found.operator_message_id) : outcome === null ? null : 'ambiguous',
      operatorMessageId: found?.operator_message_id ?? null,
      errorCode: found?.error_code ?? null,
      errorText: found?.error_text ?? null,
      receipt: found ? toReceipt(found) : null,
    }
  })
}

function toReceipt(row: ReceiptRow): AttemptPart['receipt'] {
  if (row.receipt_status === null) return null
  const receivedAtMs = row.receipt_received_at!.getTime()
  return {
    status: row.receipt_status,
    code: row.receipt_code,
    at: row.receipt_at!,
    receivedAtMs,
    // A receipt may have made the row, when its attempt's was not there.
    afterMs: receivedAtMs - (row.ended_at?.getTime() ?? receivedAtMs),
  }
}
