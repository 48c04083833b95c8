import { SEND_AHEAD_DAYS_LIMIT } from '../domain/send-time.ts'
import { integer, text } from '../runtime/settings.ts'

export const apiSettings = {
  PORT: integer(8080, 'Port of the public API', { max: 65_535 }),
  HOST: text('0.0.0.0', 'Address that the public API listens on'),
  TRUST_PROXY: text('', 'Proxies whose X-Forwarded-For is believed: addresses or CIDR ranges, separated by commas'),
  ACCEPT_TRANSACTIONS_MAX: integer(2, 'Accepting transactions under way at once, for each process', {
    min: 1,
    max: 32,
  }),
  ACCEPT_BATCH_MESSAGES_MAX: integer(500, 'Messages accepted in one transaction', { min: 1, max: 5_000 }),
  ACCEPT_GATHER_MS: integer(8, 'How long a batch waits for company while there is load', { max: 100 }),
  ACCEPT_WAITING_MESSAGES_MAX: integer(20_000, 'Messages that may wait to be accepted before requests are refused', {
    min: 1_000,
  }),
  SEGMENTS_MAX: integer(10, 'Segments that one message may have', { min: 1, max: 255 }),
  SEND_AHEAD_DAYS_MAX: integer(SEND_AHEAD_DAYS_LIMIT, 'How many days ahead a message may be scheduled', {
    max: SEND_AHEAD_DAYS_LIMIT,
  }),
  OUTBOX_ROWS_MAX: integer(1_000_000, 'Messages that may wait for Kafka before requests are refused', { min: 1 }),
}
