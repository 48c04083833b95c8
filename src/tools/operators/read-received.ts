import type { Pool } from '../../postgres/pool.ts'

/** Which received records to read: the newest, of one operator or of all. */
export interface ReceivedFilter {
  readonly operator: string | null
  readonly rowsMax: number
}

export interface ReviewedReceipt {
  readonly received_at: Date
  readonly operator: string
  readonly cause: string
  readonly operator_message_id: string | null
  readonly words: string
}

export interface StoredIncoming {
  readonly incoming_id: number
  readonly received_at: Date
  readonly operator: string
  readonly kind: string
  readonly from_address: string
  readonly to_address: string
  readonly text: string | null
  readonly data_coding: number
  readonly concat_reference: number | null
  readonly concat_total: number | null
  readonly concat_part: number | null
  readonly possible_duplicate: boolean
}

/** Receipts that were acknowledged without effect, the newest first. */
export async function readReviews(pool: Pool, { operator, rowsMax }: ReceivedFilter): Promise<ReviewedReceipt[]> {
  const { rows } = await pool.query<ReviewedReceipt>(
    `SELECT received_at, operator, cause, operator_message_id, words FROM receipt_reviews
     WHERE $1::text IS NULL OR operator = $1 ORDER BY review_id DESC LIMIT $2`,
    [operator, rowsMax],
  )
  return rows
}

/** Messages from subscribers, the newest first. */
export async function readIncomingMessages(
  pool: Pool,
  { operator, rowsMax }: ReceivedFilter,
): Promise<StoredIncoming[]> {
  const { rows } = await pool.query<StoredIncoming>(
    `SELECT incoming_id, received_at, operator, kind, from_address, to_address, text, data_coding, concat_reference,
       concat_total, concat_part, possible_duplicate FROM incoming_messages
     WHERE $1::text IS NULL OR operator = $1 ORDER BY incoming_id DESC LIMIT $2`,
    [operator, rowsMax],
  )
  return rows
}
