import type { Pool } from '../postgres/pool.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Delivery } from './create-delivery.ts'
import type { DeliveryOutcome } from './deliver-events.ts'
import { summarizeEndpoints } from './list-backlogs.ts'

const SAMPLE_MS = 10_000

/** Counts posts and what is not posted, and samples backlogs while it is started. */
export function measureDeliveries(metrics: Metrics, pool: Pool) {
  const posts = metrics.counter('smsgw_webhook_deliveries_total', 'Posts to endpoints', ['outcome'])
  const duration = metrics.histogram('smsgw_webhook_duration_seconds', 'From a post to its answer')
  const unposted = metrics.counter('smsgw_webhook_unposted_total', 'Events not posted at once, or never', ['outcome'])
  const waiting = metrics.gaugeSet('smsgw_webhook_retries_waiting', 'Undelivered events waiting for an attempt', [])
  const endpoints = metrics.gaugeSet('smsgw_webhook_endpoints', 'Endpoints with undelivered events', ['state'])
  let timer: NodeJS.Timeout | null = null
  const sample = async (): Promise<void> => {
    const { events, byState } = await summarizeEndpoints(pool)
    waiting.set(events)
    for (const [state, count] of Object.entries(byState)) endpoints.set({ state }, count)
  }
  return {
    counted(outcome: DeliveryOutcome, seconds: number): void {
      if (outcome === 'deferred' || outcome === 'skipped') {
        unposted.inc({ outcome })
        return
      }
      posts.inc({ outcome })
      duration.observe(seconds)
    },
    exhausted: (events: number): void => unposted.inc({ outcome: 'exhausted' }, events),
    watch({ slots, queue }: Delivery): void {
      metrics.gauge('smsgw_webhook_requests_in_flight', 'Webhook requests in flight', () => slots.inFlight)
      metrics.gauge('smsgw_webhook_requests_waiting', 'Events waiting for a free request', () => queue.waiting)
    },
    start(): void {
      timer = setInterval(() => void sample().catch(() => {}), SAMPLE_MS)
    },
    stop(): void {
      if (timer) clearInterval(timer)
    },
  }
}
