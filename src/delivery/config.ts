import { COMMIT_LOSS } from '../kafka/consumer/consumer-options.ts'
import { choice, integer, text } from '../runtime/settings.ts'

export const deliverySettings = {
  DELIVERY_ORDER: choice(
    ['recipient', 'strict', 'none'],
    'recipient',
    'Order kept in delivery: for each phone, for each customer, or none',
  ),
  DELIVERY_TASKS_MAX: integer(5_000, 'Messages that a worker handles at once, waiting or being submitted', {
    min: 1,
    max: 100_000,
  }),
  DELIVERY_CUSTOMER_TASKS_MAX: integer(
    1_000,
    'Messages of a customer that a worker buffers of a partition; further ones are skipped and fetched again',
    { min: 1, max: 100_000 },
  ),
  DELIVERY_COMMIT: choice(
    ['handled', 'enqueue'],
    'handled',
    `When the offset of a message counts as done: when it was handled, or when it is buffered. With enqueue ${COMMIT_LOSS.enqueue}; the reconciler publishes those messages again later`,
  ),
  STATUS_LINGER_MS: integer(50, 'Linger of a status before it is produced to Kafka: fewer batches for all consumers', {
    max: 1_000,
  }),
  DELIVERY_RETRY_MS_FIRST: integer(
    1_000,
    'Wait after the first temporary error; four times as long after each further',
    {
      min: 1,
    },
  ),
  DELIVERY_DEFER_MS: integer(60_000, 'Tasks with a longer delay are deferred to PostgreSQL', { min: 1_000 }),
  DELIVERY_AWAY_MS: integer(
    3_000,
    'Messages whose operators have been unavailable for longer are deferred to PostgreSQL, and resumed when one recovers',
    { min: 1_000 },
  ),
  UNREADABLE_ANSWER_DAYS: integer(
    30,
    'How long operators are shown as having answered unreadably, after they did so last (`smsgw operators show`)',
    { min: 1, max: 3_650 },
  ),
  DELIVERY_RETRY_MS_MAX: integer(60_000, 'Maximum delay between two attempts', { min: 1 }),
  DELIVERY_VALID_SECONDS: integer(
    604_800,
    'How long a message without `valid_for` is tried, from when it was to be sent; then it is expired, or unknown where an answer was lost',
    { min: 1, max: 2_592_000 },
  ),
  RECEIPTS_PORT: integer(0, 'Port for receipts that HTTP operators push, at /receipts/<operator>; 0: none', {
    max: 65_535,
  }),
  RECEIPTS_HOST: text('127.0.0.1', 'Address that it listens on'),
}
