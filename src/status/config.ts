import { integer } from '../runtime/settings.ts'

export const statusSettings = {
  STATUS_BATCH_RECORDS_MAX: integer(2_000, 'Status events applied in one transaction', { min: 1, max: 20_000 }),
  RECEIPT_WATCH_PERIOD_MS: integer(10_000, 'How often messages without a receipt are searched for', { min: 100 }),
  RECEIPT_WATCH_AFTER_MS: integer(60_000, 'How old a message must be to be looked at for the first time', {
    min: 100,
  }),
  EARLY_RECEIPT_DAYS: integer(3, 'How long receipts are kept that fit no message', { min: 1, max: 30 }),
  RECEIPT_REVIEW_DAYS: integer(14, 'How long receipts are kept for review that were acknowledged without effect', {
    min: 1,
    max: 365,
  }),
  INCOMING_DAYS: integer(30, 'How long messages from subscribers are kept', { min: 1, max: 3_650 }),
}
