import type { Facts, Finding } from '../facts.ts'

/** A8: nothing waits any more: the outbox, the retries of webhooks, and the lag of every group. */
export function nothingIsLeft({ outboxRows, webhookRetries, lags }: Facts): Finding {
  const violations: string[] = []
  if (outboxRows > 0) violations.push(`the outbox has ${outboxRows} rows`)
  if (webhookRetries > 0) violations.push(`${webhookRetries} webhooks wait for another try`)
  for (const { group, topic, partition, lag } of lags) {
    if (lag > 0) violations.push(`${group} is ${lag} behind in ${topic}[${partition}]`)
  }
  return {
    check: 'A8',
    what: 'nothing waits',
    compared: 'outbox, webhook retries, lag',
    count: lags.length,
    violations,
  }
}
