import { choice, integer } from '../runtime/settings.ts'

export const webhookSettings = {
  WEBHOOK_REQUESTS_MAX: integer(512, 'Webhook requests under way at once, for each process', { min: 1, max: 10_000 }),
  WEBHOOK_REQUESTS_PER_ENDPOINT_MAX: integer(64, 'Webhook requests under way at once to one endpoint', {
    min: 1,
    max: 1_000,
  }),
  WEBHOOK_TIMEOUT_MS: integer(10_000, 'How long an endpoint may take to answer', { min: 100, max: 60_000 }),
  WEBHOOK_ALLOW_PRIVATE: choice(
    ['no', 'yes'],
    'no',
    'Whether endpoints may lie in private networks or on this machine; only for tests and closed networks',
  ),
}
