import type { Log } from '../../../runtime/log.ts'
import type { Metrics } from '../../../runtime/metrics.ts'
import type { HttpObserver } from './http-observer.ts'

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
