import { SEND_AHEAD_DAYS_LIMIT } from '../domain/send-time.ts'
import { integer, type Setting, text } from '../runtime/settings.ts'
import { parseProxies } from './limits/trusted-proxies.ts'

/** Of one process: each counts by itself. */
const doorSettings = {
  CONNECTIONS_MAX: integer(10_000, 'Connections to the public API, of each process', { min: 10 }),
  CONNECTIONS_PER_ADDRESS_MAX: integer(2_000, 'Connections of one address (IPv6: of a /64), but for trusted proxies', {
    min: 1,
  }),
  ADDRESS_REQUESTS_PER_SECOND: integer(
    20,
    'Requests a second without a valid key that one address may make; ten times as many at once; 0: no limit',
  ),
  CUSTOMER_REQUESTS_PER_SECOND: integer(3_000, 'Requests a second of one customer; twice as many at once; 0: no limit'),
  CUSTOMER_MESSAGES_PER_SECOND: integer(
    6_000,
    'Messages a second that one customer may post, refused ones too; twice as many at once; 0: no limit',
  ),
  CUSTOMER_KIB_PER_SECOND: integer(
    4_096,
    'KiB a second of bodies that one customer may post; twice as many at once; 0: no limit',
  ),
  CUSTOMER_MESSAGES_UNDER_WAY_MAX: integer(
    5_000,
    'Messages of one customer that may wait to be accepted before its requests are refused; 0: no limit',
  ),
}

export const apiSettings = {
  PORT: integer(8080, 'Port of the public API', { max: 65_535 }),
  HOST: text('0.0.0.0', 'Address that the public API listens on'),
  TRUST_PROXY: proxies('Proxies whose X-Forwarded-For is believed: addresses or CIDR ranges, separated by commas'),
  ...doorSettings,
  ACCEPT_TRANSACTIONS_MAX: integer(2, 'Accepting transactions under way at once, for each process', {
    min: 1,
    max: 32,
  }),
  ACCEPT_BATCH_MESSAGES_MAX: integer(500, 'Messages accepted in one transaction', { min: 1, max: 5_000 }),
  ACCEPT_GATHER_MS: integer(8, 'Linger of a batch under load', { max: 100 }),
  ACCEPT_WAITING_MESSAGES_MAX: integer(20_000, 'Messages that may wait to be accepted before requests are refused', {
    min: 1_000,
  }),
  SEGMENTS_MAX: integer(10, 'Segments that one message may have', { min: 1, max: 255 }),
  SEND_AHEAD_DAYS_MAX: integer(SEND_AHEAD_DAYS_LIMIT, 'How many days ahead a message may be scheduled', {
    max: SEND_AHEAD_DAYS_LIMIT,
  }),
  MESSAGE_RETRIES_MAX: integer(
    3,
    'Temporary errors of operators after which a message is tried again; the next one makes it `failed`',
    { max: 1_000 },
  ),
  OUTBOX_ROWS_MAX: integer(1_000_000, 'Messages pending in the outbox before requests are refused', { min: 1 }),
}

function proxies(doc: string): Setting<string> {
  const parse = (value: string): string => {
    parseProxies(value)
    return value
  }
  return { ...text('', doc), parse }
}
