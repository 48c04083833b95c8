import type { Metrics } from '../../runtime/metrics.ts'

interface Measured {
  readonly oldestMs: number | null
  readonly settledMs: number
  readonly openRanges: number
}

/** What the reconciler counts. Gauges are zero in a relay that does not do this work. */
export class ReconcilerMetrics {
  readonly found
  readonly republished
  readonly givenUp
  readonly refused
  readonly #rounds
  #measured: Measured | null = null

  constructor(metrics: Metrics) {
    this.#rounds = metrics.counter('smsgw_reconciler_rounds_total', 'Rounds of the search for lost messages')
    this.found = metrics.counter('smsgw_reconciler_found_total', 'Lost messages found')
    this.republished = metrics.counter('smsgw_reconciler_republished_total', 'Messages republished to the outbox')
    this.givenUp = metrics.counter(
      'smsgw_reconciler_given_up_total',
      'Messages still pending after their last republish',
    )
    this.refused = metrics.gaugeSet('smsgw_outbox_refused_rows', 'Rows in outbox_refused', [])
    const age = (ms: number | null | undefined): number => (ms ? Math.max(0, Date.now() - ms) / 1_000 : 0)
    metrics.gauge('smsgw_reconciler_oldest_seconds', 'Age of the oldest message without progress', () =>
      age(this.#measured?.oldestMs),
    )
    metrics.gauge(
      'smsgw_reconciler_settled_seconds',
      'How long ago the messages were accepted of which it is certain whether they are lost',
      () => age(this.#measured?.settledMs),
    )
    metrics.gauge(
      'smsgw_reconciler_open_ranges',
      'Ranges of ten seconds with messages without progress, or not searched yet',
      () => this.#measured?.openRanges ?? 0,
    )
  }

  /** After a round; null when another relay takes over. */
  measure(measured: Measured | null): void {
    this.#measured = measured
    if (measured) this.#rounds.inc()
  }
}
