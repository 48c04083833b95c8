import { expect, test } from 'vitest'
import { RECEIPT_STATUSES, type ReceiptStatus, replaces } from '../../src/domain/receipts.ts'
import { KEPT_RECEIPTS_ORDER, replacesSql } from '../../src/tables/receipts-sql.ts'
import { freshDatabase } from '../servers/fixtures.ts'

test('PostgreSQL replaces a receipt by another exactly where the rule does', async () => {
  const pool = await freshDatabase()
  const { rows } = await pool.query<{ before: ReceiptStatus | null; later: ReceiptStatus; replaced: boolean }>(
    `SELECT before, later, (${replacesSql('before', 'later')}) AS replaced
     FROM unnest($1::text[]) AS before CROSS JOIN unnest($2::text[]) AS later`,
    [[null, ...RECEIPT_STATUSES], RECEIPT_STATUSES],
  )
  expect(rows).toHaveLength((RECEIPT_STATUSES.length + 1) * RECEIPT_STATUSES.length)
  for (const { before, later, replaced } of rows)
    expect([before, later, replaced]).toEqual([before, later, replaces(before, later)])
})

test('of receipts that were kept for one submit the one is taken up that all others would give way to', async () => {
  const pool = await freshDatabase()
  for (const first of RECEIPT_STATUSES) {
    for (const second of RECEIPT_STATUSES) {
      const { rows } = await pool.query<{ status: ReceiptStatus }>(
        `SELECT status FROM (VALUES ($1, now()), ($2, now() + interval '1 second')) AS kept (status, received_at)
         ORDER BY ${KEPT_RECEIPTS_ORDER} LIMIT 1`,
        [first, second],
      )
      expect(rows).toEqual([{ status: replaces(first, second) ? second : first }])
    }
  }
})
