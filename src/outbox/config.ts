import { choice, integer } from '../runtime/settings.ts'

export const outboxSettings = {
  DELIVERY_KEY: choice(['customer', 'operator'], 'customer', 'What sms.delivery is keyed by'),
  OUTBOX_POLL_MS: integer(50, 'How long an idle relay sleeps before it looks again', { min: 1, max: 10_000 }),
  OUTBOX_GATHER_MS: integer(40, 'How long a relay waits for more rows after a round of few', { max: 1_000 }),
  OUTBOX_ROWS_PER_SHARD_MAX: integer(500, 'Rows claimed of a shard at once', { min: 1, max: 10_000 }),
}
