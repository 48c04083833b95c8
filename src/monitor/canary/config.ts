import { integer, secret, text } from '../../runtime/settings.ts'

/** Off unless a key is given: a canary message is a real one, charged to its customer and sent to its number. */
export const canarySettings = {
  CANARY_API_KEY: secret('', 'Key of the customer whose canary messages measure the whole way; empty: none are sent'),
  CANARY_API: text('', 'The public API that canary messages are posted to; empty: the one on this machine, at PORT'),
  CANARY_PHONE: text('', 'Number that canary messages go to, in E.164; needed with CANARY_API_KEY'),
  CANARY_INTERVAL_MS: integer(60_000, 'How often a canary message is sent', { min: 1_000 }),
  CANARY_TIMEOUT_MS: integer(60_000, 'How long one is followed before it counts as lost', { min: 1_000 }),
}
