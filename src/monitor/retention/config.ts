import { rememberedDays } from '../../domain/accept.ts'
import { integer } from '../../runtime/settings.ts'

const KEYS_DAYS = rememberedDays(false)
const SCHEDULED_KEYS_DAYS = rememberedDays(true)
const DAYS_MAX = 3_650

/** How long PostgreSQL keeps what. Whole days are dropped, so a row lives up to a day longer. */
export const retentionSettings = {
  RETENTION_MESSAGES_DAYS: integer(
    45,
    'How long messages and their states are kept from acceptance; longer while one of their day is not final',
    // What was answered under the key of a scheduled message is composed from the message.
    { min: SCHEDULED_KEYS_DAYS + 1, max: DAYS_MAX },
  ),
  RETENTION_ATTEMPTS_DAYS: integer(
    45,
    'How long attempts, their parts and receipts are kept, counted from the acceptance of their message',
    { min: SCHEDULED_KEYS_DAYS + 1, max: DAYS_MAX },
  ),
  RETENTION_LEDGER_DAYS: integer(
    120,
    'How long single entries of the ledger are kept, and at least as long as messages; sums stay in ledger_carried',
    { min: 1, max: DAYS_MAX },
  ),
  RETENTION_IDEMPOTENCY_HOURS: integer(
    KEYS_DAYS * 24,
    'How long rows of idempotency keys are kept; requests are compared with those of the last 72 hours',
    { min: KEYS_DAYS * 24, max: DAYS_MAX * 24 },
  ),
  RETENTION_SCHEDULED_KEYS_DAYS: integer(
    SCHEDULED_KEYS_DAYS,
    'How long rows of idempotency keys of scheduled messages are kept: the longest schedule and 72 hours',
    { min: SCHEDULED_KEYS_DAYS, max: DAYS_MAX },
  ),
  RETENTION_OPEN_DEAD_LETTERS_DAYS: integer(
    400,
    'How long dead letters are kept that were neither redriven nor discarded',
    { min: 31, max: DAYS_MAX },
  ),
  RETENTION_DEAD_LETTER_ACTIONS_DAYS: integer(
    400,
    'How long the record of redrives, edits and discards is kept in PostgreSQL; the audit log has it as well',
    { min: 31, max: DAYS_MAX },
  ),
  RETENTION_DELETED_WEBHOOKS_DAYS: integer(30, 'How long a deleted webhook endpoint is kept', {
    min: 1,
    max: DAYS_MAX,
  }),
  RETENTION_OPERATOR_REVISIONS_DAYS: integer(
    400,
    'How long revisions of operators and routes are kept that are not in force; the last ten always are',
    { min: 1, max: DAYS_MAX },
  ),
  RETENTION_PERIOD_MS: integer(60_000, 'How often a round of dropping begins', { min: 100 }),
}
