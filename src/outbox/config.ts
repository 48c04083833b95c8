import { choice, integer } from '../runtime/settings.ts'

export const outboxSettings = {
  DELIVERY_KEY: choice(['customer', 'operator'], 'customer', 'Key of sms.delivery'),
  DELIVERY_EXPRESS_PARTITIONS: integer(
    5,
    'Of the partitions of sms.delivery, how many of the last carry messages of priority 3 alone; the same for every relay',
    { max: 1_000 },
  ),
  OUTBOX_POLL_MS: integer(50, 'How long an idle relay sleeps between polls', { min: 1, max: 10_000 }),
  OUTBOX_GATHER_MS: integer(40, 'Linger of a relay after a round of few rows', { max: 1_000 }),
  OUTBOX_ROWS_PER_SHARD_MAX: integer(500, 'Rows claimed of a shard at once', { min: 1, max: 10_000 }),
  OUTBOX_REFUSED_DAYS: integer(30, 'How long rows are kept that could not be published', { min: 1, max: 3_650 }),
  SCHEDULE_ROWS_PER_SHARD_MAX: integer(250, 'Rows of a shard released at once when they are due', {
    min: 1,
    max: 10_000,
  }),
  RECONCILE_PERIOD_MS: integer(10_000, 'How often lost messages are searched for', { min: 100 }),
  RECONCILE_AFTER_MS: integer(60_000, 'How old a message without any status must be to be looked at', { min: 1_000 }),
  RECONCILE_STUCK_AFTER_MS: integer(900_000, 'How long a message may stay `queued` or `sending` without an event', {
    min: 1_000,
  }),
  RECONCILE_TIMES_MAX: integer(5, 'How often a lost message is republished before the reconciler gives up', {
    max: 100,
  }),
  RECONCILE_DAYS: integer(3, 'How far back lost messages are searched for', { min: 1, max: 30 }),
}
