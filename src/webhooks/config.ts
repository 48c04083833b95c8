import { choice, integer } from '../runtime/settings.ts'

export const webhookSettings = {
  WEBHOOK_REQUESTS_MAX: integer(512, 'Webhook requests in flight, for each process', { min: 8, max: 10_000 }),
  WEBHOOK_REQUESTS_PER_CUSTOMER_MAX: integer(128, 'Webhook requests in flight to all endpoints of one customer', {
    min: 1,
    max: 10_000,
  }),
  WEBHOOK_REQUESTS_PER_ENDPOINT_MAX: integer(64, 'Webhook requests in flight to one endpoint', { min: 1, max: 1_000 }),
  WEBHOOK_TIMEOUT_MS: integer(10_000, 'Time from the start of a webhook request to the status line of its response', {
    min: 100,
    max: 60_000,
  }),
  WEBHOOK_RETRY_HOURS: integer(76, 'Age at which an undelivered webhook event is given up as exhausted', {
    min: 1,
    max: 8_760,
  }),
  WEBHOOK_DISABLE_AFTER_HOURS: integer(
    120,
    'An endpoint that has failed for so long is disabled; 0 never disables it',
    {
      max: 8_760,
    },
  ),
  WEBHOOK_KEEP_DAYS: integer(7, 'Retention of exhausted webhook events, and of all events of a disabled endpoint', {
    min: 1,
    max: 365,
  }),
  WEBHOOK_BACKLOG_MAX: integer(100_000, 'Undelivered webhook events kept for one endpoint; further ones are skipped', {
    min: 100,
    max: 100_000_000,
  }),
  WEBHOOK_ALLOW_PRIVATE: choice(
    ['no', 'yes'],
    'no',
    'Whether endpoints may lie in private networks or on this machine; only for tests and closed networks',
  ),
}
