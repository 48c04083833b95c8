import type { Log } from '../../../runtime/log.ts'
import type { Metrics } from '../../../runtime/metrics.ts'

/** `ignored`: of a state that is not final. `unreadable`: without an id, or of a state that the description lacks. */
export type HttpDelivery = 'receipt' | 'ignored' | 'unreadable'

/** Is notified of what may be logged or counted. Calls return at once and never throw. */
export interface HttpObserver {
  /** Callbacks and polled answers said so much of messages. */
  delivered(kind: HttpDelivery, count: number): void
  /** Something that a person should know of, in few words; the same once a minute at most. */
  troubled(what: string): void
  /** The operator is to push receipts, and this process has no port for them. */
  notListening(): void
}

/** Logs what an HTTP operator does unexpectedly, and counts its receipts. */
export function observeHttp(log: Log, metrics: Metrics, operator: string): HttpObserver {
  const deliveries = metrics.counter(
    'smsgw_http_deliveries_total',
    'Receipts and incoming messages from HTTP operators',
    ['operator', 'kind'],
  )
  return {
    delivered: (kind, count) => deliveries.inc({ operator, kind }, count),
    troubled: (what) => log.warn({ operator, what }, 'unexpected response from HTTP operator'),
    notListening: () => log.warn({ operator }, 'operator pushes receipts but RECEIPTS_PORT is 0'),
  }
}
