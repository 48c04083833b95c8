import type { Values } from '../../runtime/settings.ts'
import type { PartitionedTableName } from '../../tables/partitioned-tables.ts'
import type { retentionSettings } from './config.ts'

export type RetentionSettings = Values<typeof retentionSettings>

/**
 * How a table is kept from growing for ever.
 * - `days`: its partitions are dropped, a day at a time.
 * - `rows`: its rows are deleted here, in bounded batches: those for which `where` holds, of which `$1` is the time before
 *   which rows are too old, in milliseconds, and `$2` the id of a message accepted then.
 * - `elsewhere`: a setting of another role has them deleted.
 * - `bounded`: it does not grow with traffic, for the reason given.
 */
export type TableRule =
  | { readonly kind: 'days' | 'rows'; readonly setting: keyof RetentionSettings; readonly where?: string }
  | { readonly kind: 'elsewhere'; readonly setting: string }
  | { readonly kind: 'bounded'; readonly why: string }

const BEFORE = 'to_timestamp($1 / 1000.0)'

const DAYS = {
  messages: { kind: 'days', setting: 'RETENTION_MESSAGES_DAYS' },
  message_states: { kind: 'days', setting: 'RETENTION_MESSAGES_DAYS' },
  attempts: { kind: 'days', setting: 'RETENTION_ATTEMPTS_DAYS' },
  attempt_parts: { kind: 'days', setting: 'RETENTION_ATTEMPTS_DAYS' },
  ledger: { kind: 'days', setting: 'RETENTION_LEDGER_DAYS' },
  idempotency: { kind: 'days', setting: 'RETENTION_IDEMPOTENCY_HOURS' },
} as const satisfies Record<PartitionedTableName, TableRule>

/** The rule of every table; a test holds it against the catalogue of PostgreSQL. */
export const TABLE_RULES: Readonly<Record<string, TableRule>> = {
  ...DAYS,
  idempotency_scheduled: {
    kind: 'rows',
    setting: 'RETENTION_SCHEDULED_KEYS_DAYS',
    where: `created_at < ${BEFORE}`,
  },
  republications: { kind: 'rows', setting: 'RETENTION_MESSAGES_DAYS', where: `republished_at < ${BEFORE}` },
  dead_letters: {
    kind: 'rows',
    setting: 'RETENTION_OPEN_DEAD_LETTERS_DAYS',
    where: `state = 'open' AND stored_at < ${BEFORE}`,
  },
  dead_letter_actions: { kind: 'rows', setting: 'RETENTION_DEAD_LETTER_ACTIONS_DAYS', where: 'action_id < $2' },
  webhook_endpoints: {
    kind: 'rows',
    setting: 'RETENTION_DELETED_WEBHOOKS_DAYS',
    where: `deleted_at < ${BEFORE}
      AND NOT EXISTS (SELECT FROM webhook_retries AS r WHERE r.endpoint_id = webhook_endpoints.endpoint_id)`,
  },
  operator_configs: {
    kind: 'rows',
    setting: 'RETENTION_OPERATOR_REVISIONS_DAYS',
    where: `applied_at < ${BEFORE} AND revision <= (SELECT max(revision) FROM operator_configs) - 10`,
  },
  webhook_retries: { kind: 'elsewhere', setting: 'WEBHOOK_KEEP_DAYS' },
  early_receipts: { kind: 'elsewhere', setting: 'EARLY_RECEIPT_DAYS' },
  receipt_reviews: { kind: 'elsewhere', setting: 'RECEIPT_REVIEW_DAYS' },
  incoming_messages: { kind: 'elsewhere', setting: 'INCOMING_DAYS' },
  outbox_refused: { kind: 'elsewhere', setting: 'OUTBOX_REFUSED_DAYS' },
  unreadable_answers: { kind: 'elsewhere', setting: 'UNREADABLE_ANSWER_DAYS' },
  audit_anchors: { kind: 'elsewhere', setting: 'AUDIT_ANCHOR_DAYS' },
  outbox: { kind: 'elsewhere', setting: 'OUTBOX_ROWS_MAX' },
  scheduled: { kind: 'elsewhere', setting: 'SEND_AHEAD_DAYS_MAX' },
  customers: { kind: 'bounded', why: 'a row for each customer' },
  balances: { kind: 'bounded', why: 'a row for each customer' },
  ledger_carried: { kind: 'bounded', why: 'a row for each customer' },
  api_keys: { kind: 'bounded', why: 'a row for each key that a person issued; whose a revoked one was stays known' },
  ported_numbers: {
    kind: 'bounded',
    why: 'a row for each ported number of the countries served; an import replaces them',
  },
  operator_pace: { kind: 'bounded', why: 'a row for each operator' },
  id_slots: { kind: 'bounded', why: '64 rows' },
  reconciler_progress: { kind: 'bounded', why: 'one row' },
  receipt_watch_progress: { kind: 'bounded', why: 'one row' },
  retention_days: { kind: 'bounded', why: 'a row for each day that is about to be dropped' },
  migrations: { kind: 'bounded', why: 'a row for each migration' },
}

/** How long rows under this setting are kept, in milliseconds. */
export function retentionMs(settings: RetentionSettings, setting: keyof RetentionSettings): number {
  return settings[setting] * (setting.endsWith('_HOURS') ? 3_600_000 : 86_400_000)
}
